import { join } from 'node:path'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
// The walls need no types, and loading the whole project for them would take most of a minute.
const eslint = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked })

/** What the linter says of a text as if it stood in an existing file. */
async function messagesFor(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(root, file) })
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? 'parse'}: ${message}`)
}

const COMPONENT = 'operator/src/components/natsTls.ts'

describe('the walls between the layers', () => {
  it.each([
    {
      why: 'a component that reaches out',
      file: COMPONENT,
      text: "import { connect } from 'nats'\nexport const x = connect",
    },
    {
      why: 'a component that reads a file',
      file: COMPONENT,
      text: "import { readFileSync } from 'node:fs'\nexport const x = readFileSync",
    },
    {
      why: 'a component that runs the runtime',
      file: COMPONENT,
      text: "import { Queue } from '../runtime/queue.ts'\nexport const x = Queue",
    },
    {
      why: 'a component that knows an adapter',
      file: COMPONENT,
      text: "import { Nats } from '../adapters/nats.ts'\nexport const x = Nats",
    },
    {
      why: 'a component that looks at the clock',
      file: COMPONENT,
      text: 'export const x = () => Date.now()',
    },
    {
      why: 'a component that takes the time by itself',
      file: COMPONENT,
      text: 'export const x = () => new Date()',
    },
    {
      why: 'a component that draws a random number',
      file: COMPONENT,
      text: 'export const x = () => Math.random()',
    },
    {
      why: 'a component that waits',
      file: COMPONENT,
      text: 'export async function x() {\n  await Promise.resolve()\n}',
    },
    {
      why: 'a check that fetches',
      file: 'operator/src/checks/natsTlsAdopted.ts',
      text: "export const x = () => fetch('http://x')",
    },
    {
      why: 'a reconcile step with a client of its own',
      file: 'operator/src/reconcile/commit.ts',
      text: "import { connect } from 'nats'\nexport const x = connect",
    },
    {
      why: 'a reconcile step that knows an adapter',
      file: 'operator/src/reconcile/commit.ts',
      text: "import { Nats } from '../adapters/nats.ts'\nexport const x = Nats",
    },
    {
      why: 'an adapter that knows a component',
      file: 'operator/src/adapters/nats.ts',
      text: "import { nats } from '../components/nats/nats.ts'\nexport const x = nats",
    },
    {
      why: 'a runtime that knows the product',
      file: 'operator/src/runtime/queue.ts',
      text: "import { components } from '../components/index.ts'\nexport const x = components",
    },
    {
      why: 'a send step that knows the database',
      file: 'worker/src/sending/ports.ts',
      text: "import { Pool } from 'pg'\nexport const x = Pool",
    },
    {
      why: 'a route that knows a type of the store',
      file: 'worker/src/http/batchRoutes.ts',
      text: "import type { Database } from '../store/database.ts'\nexport type X = Database",
    },
    {
      why: 'a store that knows more of the API than its ports',
      file: 'worker/src/store/allowances.ts',
      text: "import type { RequestLimit } from '../http/requestLimit.ts'\nexport type X = RequestLimit",
    },
    {
      why: 'a loop of the worker that knows what it repeats',
      file: 'worker/src/runtime/repeat.ts',
      text: "import { reconnectMs } from '../domain/backoff.ts'\nexport const x = reconnectMs",
    },
    {
      why: 'a domain rule that looks at the clock',
      file: 'worker/src/domain/backoff.ts',
      text: 'export const x = () => Date.now()',
    },
    {
      why: 'a mail that knows who sends it',
      file: 'worker/src/mail/compileMail.ts',
      text: "import type { Content } from '../sending/ports.ts'\nexport type X = Content",
    },
    {
      why: 'a mail that takes its date by itself',
      file: 'worker/src/mail/compileMail.ts',
      text: 'export const x = () => new Date()',
    },
    {
      why: 'a schema that imports what derives from it',
      file: 'crds/workQueue.ts',
      text: "import { components } from '../operator/src/components/index.ts'\nexport const x = components",
    },
    {
      why: 'a verb that asks somebody but the API server',
      file: 'operator/plugin/verbs/status.ts',
      text: "import { connect } from 'nats'\nexport const x = connect",
    },
    {
      why: 'a verb that writes as the operator does',
      file: 'operator/plugin/verbs/status.ts',
      text: "import { Authority } from '../../src/adapters/authority.ts'\nexport const x = Authority",
    },
    {
      why: 'a verb that reads the process',
      file: 'operator/plugin/verbs/status.ts',
      text: 'export const x = process.argv',
    },
    {
      why: 'a module that reads the environment',
      file: 'operator/src/adapters/nats.ts',
      text: 'export const x = process.env',
    },
  ])('stop $why', async ({ file, text }) => {
    const messages = await messagesFor(file, text)
    expect(messages.filter((message) => message.includes('no-restricted'))).not.toEqual([])
  })

  it.each([
    {
      why: 'a component that uses the types of a client',
      file: COMPONENT,
      text: "import type { V1Pod } from '@kubernetes/client-node'\nexport type X = V1Pod",
    },
    {
      why: 'a store that implements a port of the API',
      file: 'worker/src/store/allowances.ts',
      text: "import type { AllowanceLedger } from '../http/ports.ts'\nexport type X = AllowanceLedger",
    },
    {
      why: 'an adapter with its client',
      file: 'operator/src/adapters/nats.ts',
      text: "import { connect } from 'nats'\nexport const x = connect",
    },
  ])('let $why pass', async ({ file, text }) => {
    expect((await messagesFor(file, text)).filter((message) => message.includes('no-restricted'))).toEqual([])
  })
})
