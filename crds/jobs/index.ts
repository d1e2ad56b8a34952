/**
 * The Jobs that the worker's program carries out beside serving. A name is the first word of the command, the component
 * of its pods, and what its report and the status call it; everything else about Jobs derives from this list.
 */
import type { Static } from 'typebox'
import type { Job } from './job.ts'
import { backup } from './backup.ts'
import { retention } from './retention.ts'
import { verify } from './verify.ts'

export const JOBS = { backup, verify, retention } as const satisfies Record<string, Job>

export type JobName = keyof typeof JOBS
export type JobSettings<Name extends JobName> = Static<(typeof JOBS)[Name]['settings']>
/** What one says that went well. */
export type JobResult<Name extends JobName> = Static<(typeof JOBS)[Name]['report']>

/** In the order in which a person is told of them. */
export const JOB_NAMES = Object.keys(JOBS) as readonly JobName[]

type CommandOf<Name extends string, Mode extends string> = [Mode] extends [never] ? Name : `${Name} ${Mode}`
/** All that can be asked of the program: `backup full`, `verify`. */
export type JobCommand = {
  [Name in JobName]: CommandOf<Name, (typeof JOBS)[Name]['modes'][number]>
}[JobName]
/** Of which Job a command is. */
export type JobOf<Command extends JobCommand> = Command extends `${infer Name extends JobName} ${string}`
  ? Name
  : Extract<Command, JobName>

export const JOB_COMMANDS = JOB_NAMES.flatMap((name) => {
  const { modes } = JOBS[name]
  return modes.length === 0 ? [name] : modes.map((mode) => `${name} ${mode}`)
}) as readonly JobCommand[]

/** @param args as they were typed; what stands behind a command is ignored */
export function jobCommand(args: readonly string[]): JobCommand | undefined {
  return JOB_COMMANDS.find((command) => command.split(' ').every((word, index) => args[index] === word))
}

export function jobOf<Command extends JobCommand>(command: Command): JobOf<Command> {
  // A command begins with the name of its Job.
  return command.split(' ')[0] as JobOf<Command>
}
