/** Which of the folders are releases. Pure. */
const RELEASE = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/

/** @returns those that are releases, by their numbers; of the same ones that without a suffix first */
export function newestFirst(names: readonly string[]): readonly string[] {
  return names
    .flatMap((name) => {
      const found = RELEASE.exec(name)
      return found ? [{ name, numbers: found.slice(1, 4).map(Number) }] : []
    })
    .sort(
      (one, other) =>
        one.numbers.map((number, at) => (other.numbers[at] ?? 0) - number).find((by) => by !== 0) ??
        one.name.length - other.name.length,
    )
    .map(({ name }) => name)
}
