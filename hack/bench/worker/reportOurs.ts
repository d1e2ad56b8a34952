/** What is measured of ours alone, as Markdown. Pure. */
import type { Conditions, Results } from './results.ts'
import { BATCHES_PER_SECOND, BATCH_RECIPIENTS } from './scenarios/accept.ts'
import { SMALL } from './scenarios/campaign.ts'
import { AFTER_MS } from './scenarios/fairness.ts'
import { LATENCY_MS } from './scenarios/scale.ts'
import { spread, table } from './table.ts'

export function renderOurs(results: Results, conditions: Conditions): readonly string[] {
  return [
    ...acceptSection(results, conditions),
    ...scaleSection(results, conditions),
    ...fairnessSection(results, conditions),
    ...historySection(results, conditions),
    ...campaignSection(results, conditions),
    ...floodSection(results, conditions),
  ]
}

function acceptSection({ accepts }: Results, { acceptSeconds }: Conditions): readonly string[] {
  if (accepts.length === 0) return []
  const of = (value: (one: (typeof accepts)[number]) => number) => spread(accepts.map(value), 1)
  return [
    `### The API while the worker sends\n\n${BATCHES_PER_SECOND} batches of ${BATCH_RECIPIENTS} each second for ` +
      `${acceptSeconds} s, while larger ones are drained by the same process.`,
    table([
      ['p50 ms', 'p95 ms', 'p99 ms', 'mails/s meanwhile'],
      [
        of(({ p50Ms }) => p50Ms),
        of(({ p95Ms }) => p95Ms),
        of(({ p99Ms }) => p99Ms),
        spread(
          accepts.map(({ mailsPerSecond }) => mailsPerSecond),
          0,
        ),
      ],
    ]),
  ]
}

function scaleSection({ scales }: Results, { scaleCount }: Conditions): readonly string[] {
  if (scales.length === 0) return []
  const [one, two] = [0, 1].map((index) => scales.flatMap((pair) => pair[index] ?? []))
  const ratios = scales.flatMap(([first = 0, second = 0]) => (first > 0 ? [second / first] : []))
  return [
    `### Two processes\n\n${scaleCount} mails to a server that takes ${LATENCY_MS} ms for each, so that the processor is ` +
      'not what is short.',
    table([
      ['one: mails/s', 'two: mails/s', 'ratio'],
      [spread(one ?? [], 0), spread(two ?? [], 0), spread(ratios, 2)],
    ]),
  ]
}

function fairnessSection({ fairness }: Results, { fairnessCount }: Conditions): readonly string[] {
  if (fairness.length === 0) return []
  return [
    `### A batch of one beside a large one\n\nIt is asked for ${AFTER_MS / 1_000} s after one of ${fairnessCount}.`,
    table([
      [
        'limit, mails/s',
        'processes',
        'the small one after, s',
        'the large one: mails/s alone',
        'beside',
        'ratio',
      ],
      ...fairness.map(({ maxPerSecond, workers, smallSeconds, alone, beside }) => [
        maxPerSecond === undefined ? 'none' : String(maxPerSecond),
        String(workers),
        smallSeconds.toFixed(2),
        alone.toFixed(1),
        beside.toFixed(1),
        (beside / alone).toFixed(2),
      ]),
    ]),
  ]
}

function historySection({ histories }: Results, { historyCount, count }: Conditions): readonly string[] {
  if (histories.length === 0) return []
  const ratio = (of: (one: (typeof histories)[number]) => number) => spread(histories.map(of), 2)
  return [
    `### Beside ${historyCount} recipients of the past\n\n${count} mails drained, then the API while the worker sends, in an ` +
      'empty database and in one that holds batches which were sent.',
    table([
      ['', 'empty', 'beside', 'ratio'],
      [
        'mails/s',
        ...(['empty', 'beside'] as const).map((name) =>
          spread(
            histories.map((one) => one[name].mailsPerSecond),
            0,
          ),
        ),
        ratio(({ empty, beside }) => beside.mailsPerSecond / empty.mailsPerSecond),
      ],
      [
        'API p95 ms',
        ...(['empty', 'beside'] as const).map((name) =>
          spread(
            histories.map((one) => one[name].p95Ms),
            1,
          ),
        ),
        ratio(({ empty, beside }) => beside.p95Ms / empty.p95Ms),
      ],
    ]),
  ]
}

function campaignSection(
  { campaigns }: Results,
  { campaignCount, campaignSent }: Conditions,
): readonly string[] {
  if (campaigns.length === 0) return []
  return [
    `### A campaign of ${campaignCount}\n\nUploaded as a stream of NDJSON while its status is asked for, started, and the first ` +
      `${campaignSent} sent. Beside it \`COPY\` of the same rows from a file of the server into a table like the worker’s, ` +
      `and the status of a batch of ${SMALL}, asked for by turns. Memory is the peak of the worker over all of it, bytes are those of the whole database.`,
    table([
      [
        'rows/s',
        'COPY rows/s',
        'ratio',
        'start s',
        'mails/s',
        'status p95 ms',
        `of a batch of ${SMALL}`,
        'MiB',
        'bytes a recipient',
        'and once sent',
      ],
      ...campaigns.map((one) => [
        one.rowsPerSecond.toFixed(0),
        one.copyRowsPerSecond.toFixed(0),
        (one.rowsPerSecond / one.copyRowsPerSecond).toFixed(2),
        one.startSeconds.toFixed(1),
        one.mailsPerSecond.toFixed(0),
        one.p95Ms.toFixed(1),
        one.smallP95Ms.toFixed(1),
        one.peakMiB.toFixed(0),
        one.bytesWaiting.toFixed(0),
        `+${one.bytesOfSending.toFixed(0)}`,
      ]),
    ]),
  ]
}

function floodSection({ floods }: Results, conditions: Conditions): readonly string[] {
  if (floods.length === 0) return []
  const { floodPerSecond, floodSeconds } = conditions
  return [
    `### Webhooks\n\n${floodPerSecond} signed messages of Amazon SNS each second for ${floodSeconds} s, one in a hundred ` +
      'forged; a message without an answer is told again, as providers do.',
    table([
      ['', 'genuine', 'stored', 'forged', 'answered 401', 'p50 ms', 'p95 ms', 'p99 ms'],
      ...floods.map(({ kill, figures: { genuine, genuineStored, forged, forgedRefused, ms } }) => [
        kill ? 'with a SIGKILL half-way' : 'undisturbed',
        ...[genuine, genuineStored, forged, forgedRefused, ms.p50, ms.p95, ms.p99].map(String),
      ]),
    ]),
  ]
}
