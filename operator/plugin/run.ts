/** A command line from its words to its exit code. */
import { RELEASE } from '../../crds/release.ts'
import type { Call, Exit, Io, Verb } from './cli/verb.ts'
import type { Cluster } from './cluster/cluster.ts'
import { complete } from './cli/complete.ts'
import { misuse, Failure } from './cli/failure.ts'
import { helpOf, overview } from './cli/help.ts'
import { listed, nearest, parse, type Parsed } from './cli/parse.ts'
import { EXIT } from './cli/verb.ts'
import { sendersIn } from './cluster/senders.ts'
import { told } from './cluster/told.ts'
import { VERBS } from './verbs/index.ts'

/** How kubectl asks for completion, by way of kubectl_complete-batchsender. */
const COMPLETE = '__complete'

export async function run(args: readonly string[], io: Io): Promise<Exit> {
  let cluster: Cluster | undefined
  const open = async ({ flags }: Parsed) => {
    const where = {
      kubeconfig: flags.text('kubeconfig'),
      context: flags.text('context'),
      namespace: flags.text('namespace'),
    }
    // What brings the client of Kubernetes, or the whole operator, is loaded when it is needed: help is there at once.
    const { connect } = await import('./cluster/connect.ts')
    cluster = await connect(where, io.signal)
    return cluster
  }
  try {
    return await carriedOut(args, io, open)
  } catch (error) {
    if (io.signal.aborted && !(error instanceof Failure)) return EXIT.failed
    io.err(`${told(error, cluster?.server)}\n`)
    return error instanceof Failure ? error.exit : EXIT.failed
  } finally {
    cluster?.transport.close()
  }
}

type Open = (parsed: Parsed) => Promise<Cluster>

async function carriedOut(args: readonly string[], io: Io, open: Open): Promise<Exit> {
  const [first, ...rest] = args
  if (first === undefined || first === 'help' || first === '--help' || first === '-h')
    return helped(rest[0], io)
  if (first === 'version' || first === '--version') {
    io.out(`kubectl-batchsender ${RELEASE.version}\n`)
    return EXIT.done
  }
  if (first === COMPLETE) return completed(rest, io, open)
  const verb = verbNamed(first)
  const parsed = parse(verb, rest)
  if (parsed.flags.is('help')) {
    io.out(helpOf(verb, io.columns))
    return EXIT.done
  }
  const call: Call = { ...parsed, io, cluster: () => open(parsed) }
  return verb.run(call)
}

function helped(name: string | undefined, io: Io): Exit {
  io.out(name === undefined ? overview(VERBS, io.columns) : helpOf(verbNamed(name), io.columns))
  return EXIT.done
}

function verbNamed(typed: string): Verb {
  const names = VERBS.map(({ name }) => name)
  const verb = VERBS.find(({ name }) => name === typed)
  if (verb) return verb
  if (typed.startsWith('-'))
    throw misuse(`the verb comes first, then ${typed}: kubectl batchsender status NAME ${typed} …`)
  const near = nearest(typed, names)
  throw misuse(
    `there is no verb ${typed}${near === undefined ? '' : `, did you mean ${near}?`} It is one of ${listed(names)}`,
  )
}

/** Names come from the cluster; without an answer there are none, and nothing is said in the middle of a command line. */
async function completed(words: readonly string[], io: Io, open: Open): Promise<Exit> {
  const candidates = complete(VERBS, words) ?? [...(await namesFor(words, open).catch(() => [])), ':4']
  io.out(`${candidates.join('\n')}\n`)
  return EXIT.done
}

async function namesFor(words: readonly string[], open: Open): Promise<readonly string[]> {
  const [first = '', ...rest] = words
  const typed = rest.at(-1) ?? ''
  const cluster = await open(parse({ ...verbNamed(first), operand: 'optional' }, rest.slice(0, -1)))
  const senders = await sendersIn(cluster, cluster.namespace)
  return senders.map(({ name }) => name).filter((name) => name.startsWith(typed))
}
