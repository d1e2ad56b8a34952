/** What the way of a BatchSender needs from outside: adapters implement it, tests hand in ten lines. */
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { AnyReason } from '../../../crds/schema/conditions.ts'
import type { Failures } from '../runtime/failures.ts'
import type { Repetitions } from '../runtime/repetitions.ts'
import type { Tools } from './tools.ts'
import type {
  Evidence,
  Installation,
  JobRun,
  ReferenceFacts,
  SecretFacts,
  Sender,
  Share,
  Trouble,
} from '../components/snapshot.ts'
import type { Probing } from '../components/networkPolicy/seen.ts'
import type { KubernetesObject } from '../runtime/object.ts'

/** What became of one step. */
export type Outcome =
  /** @property againMs when to try again what admission did not let through */
  | { readonly state: 'unchanged'; readonly againMs?: number }
  /**
   * `what` happened, as an event tells it.
   * @property uid of the object that was made
   */
  | {
      readonly state: 'done'
      readonly change: 'created' | 'updated' | 'removed' | 'requested'
      readonly what: string
      readonly uid?: string
    }
  /** @property orphaned it is one of ours that lost its owner */
  | {
      readonly state: 'foreign'
      readonly what: string
      readonly holder: string
      readonly orphaned?: boolean
    }
  | {
      readonly state: 'refused'
      readonly what: string
      readonly message: string
      readonly invalid: boolean
      /** Where the refusal says more than that it is one; told as `WriteRefused` by a condition that lacks it. */
      readonly reason?: AnyReason
    }
  /**
   * @property againMs when to try again, where nothing tells of it
   * @property why what a person must know of it; absent while it is no more than a moment's wait
   * @property fault what a person must know of it when it lasts
   */
  | {
      readonly state: 'waiting'
      readonly what: string
      readonly againMs?: number
      readonly why?: string
      readonly fault?: string
    }
  /** @property lasting it has failed too often to be a hiccup, or will fail for good */
  | {
      readonly state: 'failed'
      readonly what: string
      readonly message: string
      readonly lasting: boolean
      readonly error: unknown
    }

/** A fight over fields that we own. */
export interface Contest {
  readonly object: string
  readonly manager: string
  readonly paths: readonly string[]
}

export interface ReadPorts {
  /** Whether the operator of another installation is at work; `unknown` when its lease may not be read. */
  presence(namespace: string, signal: AbortSignal): Promise<'atWork' | 'gone' | 'unknown'>
  now(): Date
  /** The object as the informer has it; `undefined` when it is gone. */
  primary(key: string): KubernetesObject | undefined
  /** Optional kinds whose definition is not installed. */
  missingKinds(): ReadonlySet<string>
  children(sender: Sender): ReadonlyMap<string, KubernetesObject>
  secrets(sender: Sender): ReadonlyMap<string, SecretFacts>
  /** Runs of the Jobs that report; the last few of each. */
  runs(sender: Sender): readonly JobRun[]
  probing(sender: Sender): Probing
  /** Reads the user's Secrets by name; an absent one is `{found: false}`, one that may not be read has its `fault`; throws when nobody answers. `fresh` believes no cache. */
  references(
    sender: Sender,
    names: readonly string[],
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReferenceFacts>>
  /** What keeps pods from running; never throws. */
  troubles(
    sender: Sender,
    children: ReadonlyMap<string, KubernetesObject>,
    signal: AbortSignal,
  ): Promise<readonly Trouble[]>
  evidence(sender: Sender): Evidence
  /** With whom it shares what it should have for itself. */
  shared(sender: Sender, references: ReadonlyMap<string, ReferenceFacts>): readonly Share[]
  readonly installation: Installation
}

/** What an effect may outdate: what an observer saw, or the fingerprints of the user's Secrets. */
export type Remembered = keyof Evidence | 'references'

export interface WritePorts {
  /** What effects are carried out with. */
  readonly tools: Tools
  /** What was carried out before, by its words. */
  readonly repetitions: Repetitions
  /** What is remembered of it is no longer how it is. */
  outdated(sender: Sender, what: Remembered): void
  /** Something was changed that an observer should look at soon. */
  lookSoon(sender: Sender): void
  /** The object is gone or going: what was remembered of it may go, too. */
  forget(key: string): void
  /** The object is there: observers begin to look at it. */
  attend(sender: Sender): void
}

export interface ReportPorts {
  /** What went wrong lately, by BatchSender and step. */
  readonly failures: Failures
  writeStatus(primary: KubernetesObject, status: BatchSenderStatus, signal: AbortSignal): Promise<void>
  event(
    primary: KubernetesObject,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string },
  ): void
}

export type Ports = ReadPorts & WritePorts & ReportPorts
