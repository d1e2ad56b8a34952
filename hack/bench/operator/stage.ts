/** What a scenario is played on: an API server with N objects, and the contestant, started anew under a user of its own. */
import type { Command } from './contestants.ts'
import type { Durations } from './durations.ts'
import type { Plane } from './plane.ts'
import type { FaultName } from './scenarios/faults.ts'
import { startContestant, type RunningContestant } from './contestant.ts'
import { countsOf, type RequestCounts } from './requests.ts'

export interface Process extends RunningContestant {
  /** Whose requests are this process's. */
  readonly user: string
  /** When it began, by the clock that the audit log goes by. */
  readonly startedAt: Date
}

export interface Starting {
  /** Speaks to the API server through the plane's proxy. */
  readonly proxied?: boolean
  readonly command?: Command
}

export class Stage {
  readonly plane: Plane
  readonly contestant: string
  readonly command: Command
  /** The same with leader election; `undefined` where it has none. */
  readonly elected: Command | undefined
  readonly count: number
  readonly durations: Durations
  readonly faults: readonly FaultName[]
  readonly #running = new Set<Process>()
  #started = 0

  constructor(
    stage: Pick<Stage, 'plane' | 'contestant' | 'command' | 'elected' | 'count' | 'durations' | 'faults'>,
  ) {
    this.plane = stage.plane
    this.contestant = stage.contestant
    this.command = stage.command
    this.elected = stage.elected
    this.count = stage.count
    this.durations = stage.durations
    this.faults = stage.faults
  }

  /** @param scenario tells its requests from those of other scenarios. */
  async start(
    scenario: string,
    { proxied = false, command = this.command }: Starting = {},
  ): Promise<Process> {
    this.#started += 1
    const user = `${this.contestant}-${scenario}-${this.#started}`
    const kubeconfig = await this.plane.kubeconfigFor(user, proxied)
    const startedAt = new Date()
    const process = { ...startContestant(command, kubeconfig), user, startedAt }
    this.#running.add(process)
    return process
  }

  /** Started, and asking for nothing more. */
  async settled(scenario: string, starting: Starting = {}): Promise<Process> {
    const process = await this.start(scenario, starting)
    await Promise.race([this.plane.untilQuiet(process.user), process.failed])
    return process
  }

  /** What a process asks for while something goes on. */
  async requestsDuring({ user, failed }: Process, work: () => Promise<unknown>): Promise<RequestCounts> {
    const seen = new Set((await this.plane.requestsOf(user)).map(({ auditID }) => auditID))
    await Promise.race([work(), failed])
    const requests = await this.plane.requestsOf(user)
    return countsOf(requests.filter(({ auditID }) => !seen.has(auditID)))
  }

  /** Last lines of what the newest process wrote. */
  output(): string {
    return [...this.#running].at(-1)?.output() ?? ''
  }

  /** Ends every process that a scenario left. */
  async clear(): Promise<void> {
    await Promise.all([...this.#running].map((process) => process.stop()))
    this.#running.clear()
  }
}
