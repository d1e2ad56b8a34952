import { describe, expect, it } from 'vitest'
import type { AnyComponent } from '../components/component.ts'
import type { Outcome } from './ports.ts'
import type { StepOutcome } from './commit.ts'
import { components } from '../components/index.ts'
import { Deployment, Job } from '../vocabulary/kinds.ts'
import { FULL } from '../testing/fullSpec.ts'
import { backupsSeen } from '../testing/modelBackups.ts'
import { ModelClickhouse } from '../testing/modelClickhouse.ts'
import { NOW, sender, snapshot } from '../testing/snapshots.ts'
import { figuresOf } from './figures.ts'

function showing(name: string, figures: AnyComponent['figures']): AnyComponent {
  const [first] = components
  if (!first) throw new Error('there are no components')
  return { ...first, name, ...(figures && { figures }) }
}

function made(outcome: Outcome): StepOutcome {
  const object = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'orders-x' } }
  const desired = { type: 'object', resource: Job, object } as const
  return { step: { desired, conditionType: 'BackupReady' }, outcome, contests: [] }
}

describe('figures', () => {
  it('are those of all components together, and of what is about several', () => {
    const { evidence } = snapshot()
    const clickhouse = new ModelClickhouse()
    clickhouse.run(['CREATE TABLE IF NOT EXISTS `mail`.`email_events` (a Int8)'])
    const given = snapshot({
      sender: sender({ spec: FULL }),
      evidence: {
        ...evidence,
        clickhouse: { seen: clickhouse.look(), lookedAt: NOW },
        backups: { seen: backupsSeen(NOW), lookedAt: NOW },
      },
      shared: [{ what: 'postgres', with: 'mail/others' }],
    })
    const fight = { object: 'Service x', manager: 'kubectl', paths: ['spec.x'] }
    const fought = { ...made({ state: 'unchanged' }), contests: [fight] }
    expect(Object.keys(figuresOf(given, [fought], components)).sort()).toEqual([
      'archive',
      'backup',
      'contested',
      'natsTls',
      'secrets',
      'shared',
    ])
  })

  it('stay as they are for a spec that makes no sense', () => {
    const status = { evidence: { acceptedLoss: 'token' } }
    const given = snapshot({ sender: sender({ specFaults: ['no'], status }) })
    const other = showing('other', () => ({ acceptedLoss: 'another' }))
    expect(figuresOf(given, [], [other])).toEqual({ acceptedLoss: 'token' })
  })

  it.each<{ outcome: Outcome; isMade: boolean }>([
    { outcome: { state: 'done', change: 'created', what: 'Job orders-x' }, isMade: true },
    { outcome: { state: 'unchanged' }, isMade: true },
    { outcome: { state: 'waiting', what: 'Job orders-x' }, isMade: false },
  ])('can tell what this pass made: $outcome.state', ({ outcome, isMade }) => {
    const asked: boolean[] = []
    const asking = showing('asking', (_snapshot, of) => {
      asked.push(of(Job, 'orders-x'), of(Job, 'orders-y'), of(Deployment, 'orders-x'))
      return {}
    })
    figuresOf(snapshot(), [made(outcome)], [asking])
    expect(asked).toEqual([isMade, false, false])
  })
})
