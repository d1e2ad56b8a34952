/** Text in columns of a terminal. Pure. */

/** Lines no longer than `columns`, broken at blanks; a word that is longer stands alone, uncut, so that it can be copied. */
export function wrap(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (line !== '' && indent.length + longer.length > columns) {
        lines.push(indent + line)
        line = word
      } else line = longer
    }
    lines.push((indent + line).trimEnd())
  }
  return lines
}

/** Rows with columns of equal width; the last one is broken into lines. */
export function table(rows: readonly (readonly string[])[], columns: number, gap = '  '): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: Math.max(0, count - 1) }, (_, index) =>
    Math.max(0, ...rows.map((row) => (row[index] ?? '').length)),
  )
  const left = widths.reduce((sum, width) => sum + width + gap.length, 0)
  return rows.flatMap((row) => {
    const head = widths.map((width, index) => (row[index] ?? '').padEnd(width) + gap).join('')
    const last = row[count - 1] ?? ''
    const [first = '', ...more] = wrap(last, Math.max(20, columns - left))
    return [(head + first).trimEnd(), ...more.map((line) => ' '.repeat(left) + line)]
  })
}

/** What others wrote, without what would steer a terminal. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\uFFFD')
}
