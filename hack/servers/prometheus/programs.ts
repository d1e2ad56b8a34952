/** Prometheus, promtool and Alertmanager as Debian has them, unpacked into the cache; apt verifies what it fetches. */
import { join } from 'node:path'
import { unpacked } from '../mail/unpacked.ts'

export const promtool = () => program('prometheus', 'promtool')
export const prometheus = () => program('prometheus', 'prometheus')

/** @returns the folder in which it finds its templates as well */
export const alertmanager = async () => {
  const root = await unpacked('prometheus-alertmanager')
  return { program: join(root, 'usr/bin/prometheus-alertmanager'), share: join(root, 'usr/share') }
}

const program = async (name: string, command: string) => join(await unpacked(name), 'usr/bin', command)
