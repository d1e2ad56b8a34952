/** The environment of the worker's Jobs: the operator renders it, the worker parses it. */
import { environmentOf, renderEnvironment, type Environment } from './environment.ts'
import { JOBS, type JobName, type JobSettings } from './jobs/index.ts'

/** @throws Error that names every variable at fault */
export function parseJobSettings<Name extends JobName>(
  name: Name,
  environment: Environment,
): JobSettings<Name> {
  const { settings, who } = JOBS[name]
  return environmentOf<JobSettings<Name>>(settings, who).parse(environment)
}

/** The environment that the parser reads back as the same settings. */
export const renderJobSettings = (
  settings: { [Name in JobName]: Partial<JobSettings<Name>> }[JobName],
): Record<string, string> => renderEnvironment(settings)
