/**
 * What a probe pod runs: `node main.js ATTEMPTS` tries each connection and leaves the fates as its termination message.
 * A program of its own, since the worker's would load all that sending takes.
 */
import { writeFile } from 'node:fs/promises'
import { parseAttempts, renderFates } from '../../../crds/probeReport.ts'
import { tryAll } from './attempts.ts'

const report = renderFates(await tryAll(parseAttempts(process.argv[2] ?? '')))
await writeFile(process.env['TERMINATION_LOG'] ?? '/dev/termination-log', report)
console.log(report)
// A name that is still being asked for must not keep the pod.
process.exit()
