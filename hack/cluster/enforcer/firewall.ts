/** Puts what was rendered into the kernel's tables, and nothing that is there already. */
import { run } from '../shell.ts'
import { ipsetScript, iptablesScript, PREFIX, type Rendered } from './render.ts'

/** Where our chains are asked first: kube-proxy's would accept traffic to Services before we see it. */
const HOOKS = { FORWARD: PREFIX, INPUT: `${PREFIX}-IN` } as const

export class Firewall {
  #rules = ''

  /** @returns whether anything had to be written. @throws Error with the words of ipset or iptables. */
  async apply(rendered: Rendered): Promise<boolean> {
    const wanted = iptablesScript(rendered, [])
    const isNew = wanted !== this.#rules
    if (isNew) await this.#write(rendered)
    this.#rules = wanted
    await this.assertHooks()
    return isNew
  }

  /** Others put rules before ours now and then. */
  async assertHooks(): Promise<void> {
    for (const [chain, ours] of Object.entries(HOOKS)) {
      const present = (await iptables('-S', chain)).split('\n').filter((line) => line.startsWith('-A'))
      const hook = `-A ${chain} -j ${ours}`
      if (present[0] === hook) continue
      if (present.includes(hook)) await iptables('-D', chain, '-j', ours)
      await iptables('-I', chain, '1', '-j', ours)
    }
  }

  /** Sets before the rules that name them; what no rule names any more goes last. */
  async #write(rendered: Rendered): Promise<void> {
    const sets = new Set((await run('ipset', ['list', '-n'])).split('\n').filter(isOurs))
    const chains = new Set(
      [...(await iptables('-S')).matchAll(/^-N (\S+)$/gm)].flatMap(([, name = '']) => name).filter(isOurs),
    )
    const wanted = new Set([...Object.values(HOOKS), ...rendered.chains.map(({ name }) => name)])
    await run('ipset', ['restore', '-exist'], { input: ipsetScript(rendered, sets) })
    await run('iptables-restore', ['-w', '--noflush'], {
      input: iptablesScript(
        rendered,
        [...chains].filter((name) => !wanted.has(name)),
      ),
    })
    const unused = [...sets].filter((name) => !rendered.sets.has(name))
    // The kernel lets go of a set a moment after the last rule that named it: what is left goes the next time.
    for (const name of unused) await run('ipset', ['destroy', name]).catch(() => undefined)
  }
}

const isOurs = (name: string) => name.startsWith(`${PREFIX}-`) || name === PREFIX

function iptables(...args: readonly string[]): Promise<string> {
  return run('iptables', ['-w', ...args])
}
