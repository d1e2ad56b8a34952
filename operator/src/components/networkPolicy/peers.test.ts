import { expect, it } from 'vitest'
import { INSTALLATION, sender } from '../../testing/snapshots.ts'
import { addressOf } from '../parts/addresses.ts'
import { egressTo } from './peers.ts'

it.each([
  ['https://192.0.2.7:8443', '192.0.2.7/32'],
  ['https://[2001:db8::7]:8443', '2001:db8::7/128'],
  ['https://[::ffff:192.0.2.7]:8443', '192.0.2.7/32'],
])('opens %s as the range %s', (url, cidr) => {
  const [rule] = egressTo(sender(), INSTALLATION, 'clickhouse', [addressOf(url, 8_443)])
  expect(rule?.to).toEqual([{ ipBlock: { cidr } }])
})
