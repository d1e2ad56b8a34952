/**
 * The parts of prom-client that are used, each from its own file: its index also loads what tells about the process
 * itself, which costs 9 MiB of resident memory (Node 24) before anything is counted.
 */
import type * as PromClient from 'prom-client'
import { createRequire } from 'node:module'

const part = createRequire(import.meta.url)

export const Counter = part('prom-client/lib/counter') as typeof PromClient.Counter
export const Gauge = part('prom-client/lib/gauge') as typeof PromClient.Gauge
export const Histogram = part('prom-client/lib/histogram') as typeof PromClient.Histogram
export const Registry = part('prom-client/lib/registry') as typeof PromClient.Registry
