/** The TTL rules of a table, read from the server's own spelling of its engine. */

/** Whether a rule takes rows away for good: one that moves, recompresses or sums up says so. */
export function deletes(rule: string): boolean {
  return !/ (TO (DISK|VOLUME)|RECOMPRESS|GROUP BY) ?/.test(rule)
}

/** Whether a rule takes rows to another disk, and leaves them in their table. */
export function moves(rule: string): boolean {
  return / TO (DISK|VOLUME) /.test(rule)
}

/** `… TTL a TO DISK 's3', b SETTINGS …` → `["a TO DISK 's3'", "b"]`. */
export function ttlRules(engineFull: string): readonly string[] {
  const clause = between(engineFull, ' TTL ', ' SETTINGS ')
  return clause === undefined ? [] : splitAtTopLevel(clause)
}

function between(text: string, start: string, end: string): string | undefined {
  const masked = maskQuotes(text)
  const from = masked.indexOf(start)
  if (from < 0) return undefined
  const to = masked.indexOf(end, from)
  return text.slice(from + start.length, to < 0 ? undefined : to)
}

function splitAtTopLevel(clause: string): string[] {
  const masked = maskQuotes(clause)
  const rules: string[] = []
  let depth = 0
  let from = 0
  for (const { 0: mark, index } of masked.matchAll(/[(),]/g)) {
    if (mark === '(') depth += 1
    else if (mark === ')') depth -= 1
    else if (depth === 0) {
      rules.push(clause.slice(from, index).trim())
      from = index + 1
    }
  }
  return [...rules, clause.slice(from).trim()]
}

/** The same length, with nothing inside quotes that could be taken for syntax. */
function maskQuotes(text: string): string {
  return text.replace(/'(?:[^'\\]|\\.)*'/g, (quoted) => '_'.repeat(quoted.length))
}
