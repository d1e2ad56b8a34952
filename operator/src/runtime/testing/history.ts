/** What truly happened to the objects of one kind, in order: the server's side of a cache. */
import type { KubernetesObject } from '../object.ts'

export type Step =
  /** Makes an object, edits it, lets it leave and enter the selection again, or deletes it: the next that makes sense. */
  | { readonly type: 'touch' | 'hide' | 'delete'; readonly name: string }
  /** Something happened to another kind: versions go on. */
  | { readonly type: 'elsewhere' }
  /** What happened so far can no longer be asked for. */
  | { readonly type: 'compact' }

export interface Entry {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubernetesObject
}

interface State {
  readonly uid: string
  readonly isVisible: boolean
}

export class History {
  readonly entries: Entry[] = []
  readonly #objects = new Map<string, State>()
  /** Versions begin short, so that one digit more is among what is tried. */
  #version = 95
  #compacted = 0
  #uids = 0

  get version(): number {
    return this.#version
  }

  /** Watches from earlier versions are refused. */
  get compacted(): number {
    return this.#compacted
  }

  take(step: Step): void {
    this.#version += 1
    if (step.type === 'compact') this.#compacted = this.#version
    else if (step.type !== 'elsewhere') this.#change(step.type, step.name)
  }

  /** Everything that was selected at a version. */
  at(version: number): readonly KubernetesObject[] {
    const present = new Map<string, KubernetesObject>()
    for (const { type, object, version: each } of this.entries) {
      if (each > version) break
      if (type === 'DELETED') present.delete(object.metadata.name)
      else present.set(object.metadata.name, object)
    }
    return [...present.values()]
  }

  since(version: number): readonly Entry[] {
    return this.entries.filter((entry) => entry.version > version)
  }

  #change(type: 'touch' | 'hide' | 'delete', name: string): void {
    const state = this.#objects.get(name)
    if (!state) {
      this.#uids += 1
      this.#record('ADDED', name, { uid: `uid-${this.#uids}`, isVisible: true })
    } else if (type === 'hide') {
      this.#record(state.isVisible ? 'DELETED' : 'ADDED', name, { ...state, isVisible: !state.isVisible })
    } else if (type === 'delete') {
      if (state.isVisible) this.#record('DELETED', name, state)
      this.#objects.delete(name)
    } else if (state.isVisible) this.#record('MODIFIED', name, state)
  }

  #record(type: Entry['type'], name: string, state: State): void {
    this.#objects.set(name, state)
    const metadata = { name, namespace: 'n', uid: state.uid, resourceVersion: String(this.#version) }
    this.entries.push({ version: this.#version, type, object: { apiVersion: 'v1', kind: 'Thing', metadata } })
  }
}
