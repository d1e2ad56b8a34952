import { casesOf, type Case } from './case.ts'

const leader = (pod: string) =>
  `leader_election_master_status{name="batchsender-operator",namespace="batchsender-system",pod="${pod}"}`
const passes = (result: string) =>
  `controller_runtime_reconcile_total{controller="batchsender",namespace="batchsender-system",result="${result}"}`
const errors =
  'controller_runtime_reconcile_errors_total{controller="batchsender",namespace="batchsender-system"}'

const down = casesOf('OperatorDown', 'critical')
const failing = casesOf('OperatorFailing', 'warning')
const DOWN =
  'No operator says that it leads: nothing is healed, and no condition, check, backup or certificate is told of. Workers go on sending.'
const FAILING = '50% of the passes of the operator in batchsender-system end in an error.'

/** Of the rules that cover everything alone. */
export const operatorCases: readonly Case[] = [
  down.fires('it is not there', '6m', { unrelated: '1x20' }, DOWN),
  down.fires('two stand by, none leads', '6m', { [leader('a')]: '0x20', [leader('b')]: '0x20' }, DOWN),
  down.quiet('one of two leads', '15m', { [leader('a')]: '1x20', [leader('b')]: '0x20' }),
  down.quiet('another one leads after a minute', '15m', {
    [leader('a')]: '1x5 0x20',
    [leader('b')]: '0x6 1x20',
  }),
  down.quiet('a gap of three minutes', '10m', { [leader('a')]: '1x3 _x3 1x20' }),

  failing.fires(
    'every second pass',
    '27m',
    { [errors]: '0+5x40', [passes('error')]: '0+5x40', [passes('success')]: '0+5x40' },
    FAILING,
    { namespace: 'batchsender-system' },
  ),
  failing.fires(
    'over a gap of three minutes',
    '35m',
    Object.fromEntries(
      [errors, passes('error'), passes('success')].map((series) => [series, '0+5x12 _x3 75+5x40']),
    ),
    FAILING,
    { namespace: 'batchsender-system' },
  ),
  failing.quiet('one of 100', '40m', {
    [errors]: '0+1x60',
    [passes('error')]: '0+1x60',
    [passes('success')]: '0+99x60',
  }),
  failing.quiet('nothing to do', '40m', { [errors]: '7x60', [passes('success')]: '900x60' }),
]
