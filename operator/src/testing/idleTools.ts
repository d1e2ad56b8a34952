/** Tools that find everything done already, for tests to replace what they are about. */
import type { Tools } from '../reconcile/tools.ts'

export const IDLE_TOOLS: Tools = {
  cluster: {
    apply: (_resource, object) => Promise.resolve({ state: 'unchanged', object }),
    remove: () => Promise.resolve({ state: 'absent' }),
    isThere: () => Promise.resolve(false),
  },
  secrets: { read: () => Promise.resolve(undefined), keep: () => Promise.resolve({ state: 'unchanged' }) },
  authority: { certify: () => Promise.resolve({}) },
  clickhouse: { run: () => Promise.resolve(undefined) },
  nats: {
    jetstream: (_target, ask) =>
      ask({
        request: () => Promise.resolve({}),
        streamInfo: () => Promise.resolve(undefined),
        consumerInfo: () => Promise.resolve(undefined),
      }),
    askNode: () => Promise.resolve({}),
  },
}
