#!/usr/bin/env node
/** `kubectl batchsender`: hands the process in, and nothing else here reads it. */
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Io } from './cli/verb.ts'
import { run } from './run.ts'

/** Of a terminal that does not say how wide it is, and of a file. */
const COLUMNS = 80

const stop = new AbortController()
const tell = () => {
  stop.abort()
}
// `timeout` tells it twice: once itself, once as one of its group.
process.on('SIGTERM', tell)
// A second Ctrl-C ends it at once.
process.once('SIGINT', tell)
// Whoever reads may have read enough: `| head`.
process.stdout.on('error', () => process.exit(0))

const { NO_COLOR = '', TERM } = process.env
const io: Io = {
  out: (words) => void process.stdout.write(words),
  err: (words) => void process.stderr.write(words),
  columns: Math.max(40, process.stdout.columns > 0 ? process.stdout.columns : COLUMNS),
  colour: process.stdout.isTTY && NO_COLOR === '' && TERM !== 'dumb',
  now: () => new Date(),
  signal: stop.signal,
  readStdin: () => text(process.stdin),
  readFile: (path) => readFile(path, 'utf8'),
  writeFile: (path, content) => writeFile(path, content, { mode: 0o600 }),
}

void run(process.argv.slice(2), io).then((exit) => {
  process.exitCode = exit
})
