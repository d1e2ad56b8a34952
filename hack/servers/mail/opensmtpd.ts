/** A real OpenSMTPD on the loopback interface that keeps what it took in its queue. It has no PIPELINING, and minds it. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { startAside } from './aside.ts'
import type { MailServer } from './mailServer.ts'
import { REFUSED, SIZE_AT_MOST } from './mailServer.ts'
import { unpacked } from './unpacked.ts'

/** @param mails through one connection at most */
export async function startOpenSmtpd(mails: number): Promise<MailServer> {
  const root = await unpacked('opensmtpd')
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-opensmtpd-'))
  await chmod(dir, 0o755)
  const [port, nobody] = [await freePort(), await freePort()]
  await writeFile(
    join(dir, 'smtpd.conf'),
    `smtp limit max-mails ${mails}
smtp max-message-size ${SIZE_AT_MOST}
filter "mail" phase mail-from match mail-from "${REFUSED.sender}" reject "550 5.7.1 sender is not allowed"
filter "rcpt" phase rcpt-to match rcpt-to "${REFUSED.forNow}" reject "450 4.2.0 greylisted"
filter "data" phase data match mail-from "${REFUSED.data}" reject "550 5.6.0 no data of you"
filter "end" phase commit match mail-from "${REFUSED.content}" reject "550 5.7.1 content rejected"
filter "all" chain { "mail", "rcpt", "data", "end" }
listen on 127.0.0.1 port ${port} hostname mx.example.org filter "all"
action "onward" relay host smtp://127.0.0.1:${nobody}
match from any for rcpt-to "${REFUSED.recipient}" reject
match from any for domain "example.org" action "onward"
`,
  )
  // Its folders are compiled in.
  const spool = '/var/spool/smtpd'
  const server = await startAside({
    dir,
    accounts: ['opensmtpd', 'opensmtpq'],
    script: [
      ...['/var/spool', '/var/lib', '/run'].map((path) => `mount -t tmpfs tmpfs ${path}`),
      `mkdir -p /var/lib/opensmtpd/empty ${spool}`,
      `chmod 711 ${spool}`,
      `cd ${spool}`,
      'mkdir corrupt incoming purge queue temporary offline',
      'chmod 700 corrupt incoming purge queue temporary',
      'chown opensmtpq corrupt incoming purge queue temporary',
      'chgrp opensmtpq offline',
      'chmod 770 offline',
      `export LD_LIBRARY_PATH=${join(root, 'usr/lib/x86_64-linux-gnu')}`,
      `exec ${join(root, 'usr/sbin/smtpd')} -d -f ${join(dir, 'smtpd.conf')}`,
    ],
    port,
  })
  return {
    port,
    taken: () =>
      Promise.resolve([...server.log.matchAll(/ smtp envelope .* to=<([^>]+)>/g)].map(([, to]) => to ?? '')),
    log: () => Promise.resolve(server.log),
    stop: async () => {
      await server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
