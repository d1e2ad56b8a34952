/** A PostgreSQL for the memory of a worker: which server it is, who else is there and what it has forgotten, as told. */
import type { Database } from '../database.ts'
import type { Witness } from '../witnesses.ts'

export class ScriptedWitnesses {
  name = 'first'
  isAway = false
  others: readonly Witness[] = []
  /** Who is given up when that is asked for. */
  gaveUp: readonly string[] = []
  /** Rows of what it has forgotten. */
  forgotten: readonly object[] = []
  /** How often it has said which server it is, and who else is there. */
  names = 0
  looks = 0
  /** Each time, whom the worker names besides itself. */
  readonly testified: unknown[] = []
  /** Each time, the sequence numbers that were asked for, and whether events are to be noted. */
  readonly compared: { readonly seqs: readonly number[]; readonly events: unknown }[] = []
  isRetired = false
  onName: () => void = () => undefined

  get database(): Database {
    const query: Database['query'] = (text, values) =>
      new Promise((resolve) => {
        resolve(this.#answer(text, values ?? []) as never)
      })
    return {
      query,
      transaction: (work) => work({ query, copy: () => Promise.reject(new Error('nothing is copied here')) }),
      encryption: () => Promise.resolve({ tls: true, verified: true }),
      planAnew: () => undefined,
      pool: () => ({ total: 1, idle: 1, waiting: 0 }),
      close: () => Promise.resolve(),
    }
  }

  #answer(text: string, values: readonly unknown[]): readonly object[] {
    if (this.isAway) throw new Error('away')
    if (text.endsWith('AS server')) {
      this.names += 1
      this.onName()
      return [{ server: this.name }]
    }
    if (text.includes('"hasLooked"')) {
      this.looks += 1
      return this.others
    }
    if (text.includes('INSERT INTO witness')) this.testified.push(values[1])
    else if (text.includes('RETURNING worker')) return this.gaveUp.map((worker) => ({ worker }))
    else if (text.includes('DELETE FROM witness')) this.isRetired = true
    else return this.#compare(values)
    return []
  }

  #compare(values: readonly unknown[]): readonly object[] {
    this.compared.push({ seqs: values[1] as readonly number[], events: values[5] })
    return this.forgotten
  }
}
