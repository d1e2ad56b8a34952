/** What each step of a history does to its world. */
import { setTimeout as sleep } from 'node:timers/promises'
import { deliverSoon } from './nats.ts'
import type { Step } from './steps.ts'
import type { World } from './world.ts'

type Actions = {
  readonly [Kind in Step['do']]: (world: World, step: Step & { do: Kind }) => unknown
}

const command = (world: World, step: { readonly do: string; readonly batch: number }) =>
  world.command(step.batch, step.do)

const ACTIONS: Actions = {
  accept: (world, { count, urgent }) => world.accept(count, urgent),
  rules: (world, { rules }) => world.behave(rules),
  kill: ({ crew }, step) => crew.kill(step.worker),
  hold: ({ crew }, { worker }) => {
    crew.hold(worker)
  },
  release: ({ crew }, { worker }) => {
    crew.release(worker)
  },
  restartPostgres: ({ rig }) => rig.postgres.restart(),
  killPostgres: async ({ rig }) => {
    await rig.postgres.kill()
    await rig.postgres.start()
  },
  restartNats: ({ rig }) => rig.nats.restart(),
  emptyNats: async ({ rig }) => {
    await rig.nats.restart({ loseData: true })
    await rig.createStream()
    await deliverSoon(rig)
  },
  burst: (world, { batch, commands }) => world.burst(batch, commands),
  restartSink: (world) => world.restartSink(),
  pause: command,
  resume: command,
  cancel: command,
  retry: (world, { batch, filter }) => world.command(batch, 'retry-failed', filter),
  resolve: (world, { batch, as, recipients }) => world.resolve(batch, as, recipients),
  suppress: (world, step) => world.suppress(step.address),
  lift: ({ crew }, step) => crew.ask(`/v1/suppressions/${step.address}`, 'DELETE'),
  wait: (_, { ms }) => sleep(ms),
}

export async function take(world: World, step: Step): Promise<void> {
  // TypeScript does not see that the kind of both is the same.
  await (ACTIONS[step.do] as (world: World, step: Step) => unknown)(world, step)
}
