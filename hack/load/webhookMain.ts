/** `make load-webhooks FOR_SECONDS=60 RATE=1000 KILL=1`: fails unless every event was taken or refused as it should be. */
import { webhookFlood } from './webhookFlood.ts'

const { figures, faults } = await webhookFlood({
  seconds: Number(process.env['FOR_SECONDS'] ?? 60),
  perSecond: Number(process.env['RATE'] ?? 1_000),
  kill: process.env['KILL'] === '1',
  tell: (line) => {
    console.log(line)
  },
})
console.log(JSON.stringify(figures, undefined, 2))
if (faults.length > 0) throw new Error(faults.join('\n'))
