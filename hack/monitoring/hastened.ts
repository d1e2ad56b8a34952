/** Rules as they are, with time running faster: what they wait for and what they look back on is shorter by a factor. Pure. */
import type { RuleGroup } from '../../operator/src/components/monitoring/alerts/alert.ts'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
/** Shorter than two scrapes nothing is counted. */
const LEAST_SECONDS = 15

function shorter(duration: string, factor: number, least: number): string {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? []
  const seconds = SECONDS[unit]
  if (seconds === undefined) throw new Error(`${duration} is no duration of these rules`)
  return `${Math.max(least, Math.round((Number(count) * seconds) / factor))}s`
}

export const hastened = (groups: readonly RuleGroup[], factor: number): readonly RuleGroup[] =>
  groups.map((group) => ({
    ...group,
    rules: group.rules.map(({ expr, for: lasting, ...rule }) => ({
      ...rule,
      expr: expr.replaceAll(
        /\[(\w+)\]/g,
        (_, duration: string) => `[${shorter(duration, factor, LEAST_SECONDS)}]`,
      ),
      ...(lasting !== undefined && { for: shorter(lasting, factor, 0) }),
    })),
  }))
