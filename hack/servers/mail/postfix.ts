/** A real Postfix on the loopback interface that throws away what it took. It runs as root, with accounts of the system. */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../cluster/shell.ts'
import { ChildServer } from '../childServer.ts'
import { freePort } from '../ports.ts'
import type { Certificate, MailServer } from './mailServer.ts'
import { REFUSED, SIZE_AT_MOST } from './mailServer.ts'
import { unpacked } from './unpacked.ts'

/** Of Debian's base, and used by nobody here: it wants an account and a group that nobody else has. */
const [OWNER, GROUP] = ['news', 'uucp']
const QUEUES = [
  'active',
  'bounce',
  'corrupt',
  'defer',
  'deferred',
  'flush',
  'hold',
  'incoming',
  'private',
  'saved',
]

/** It takes two seconds to start and as many to end, so that one of it has several ports. */
export interface Postfix extends MailServer {
  /** Where it offers no PIPELINING. */
  readonly plainPort: number
  /** Where it takes three connections of a client. */
  readonly narrowPort: number
}

/** @param certificate for STARTTLS, which it offers at all its ports */
export async function startPostfix(certificate: Certificate): Promise<Postfix> {
  const root = await unpacked('postfix')
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-postfix-'))
  await chmod(dir, 0o755)
  const [port, plainPort, narrowPort] = [await freePort(), await freePort(), await freePort()]
  const libraries = join(root, 'usr/lib/postfix')
  const log = join(dir, 'log')
  await mkdir(join(dir, 'conf'))
  await writeFile(join(dir, 'conf/main.cf'), await mainCf(dir, root, certificate))
  await writeFile(join(dir, 'conf/master.cf'), masterCf(port, plainPort, narrowPort))
  await makeQueues(dir)
  const server = new ChildServer({
    program: join(libraries, 'sbin/master'),
    args: ['-c', join(dir, 'conf'), '-d'],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: `${libraries}:${join(root, 'usr/lib/x86_64-linux-gnu')}`,
      MAIL_CONFIG: join(dir, 'conf'),
    },
    port,
  })
  await server.start()
  const read = () => readFile(log, 'utf8').catch(() => '')
  return {
    port,
    plainPort,
    narrowPort,
    taken: async () =>
      [...(await read()).matchAll(/ to=<([^>]+)>.* status=sent /g)].map(([, to]) => to ?? ''),
    log: async () => `${server.log}${await read()}`,
    stop: async () => {
      await server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function makeQueues(dir: string): Promise<void> {
  const spool = join(dir, 'spool')
  for (const name of [...QUEUES, 'pid', 'public', 'maildrop', 'trace'])
    await mkdir(join(spool, name), { recursive: true })
  await mkdir(join(dir, 'data'))
  const owned = [...QUEUES, 'public', 'maildrop', 'trace'].map((name) => join(spool, name))
  await run('chown', [OWNER, ...owned, join(dir, 'data')])
  await run('chgrp', [GROUP, join(spool, 'public'), join(spool, 'maildrop')])
  for (const path of owned) await chmod(path, 0o700)
  await chmod(join(spool, 'public'), 0o710)
  await chmod(join(spool, 'maildrop'), 0o730)
  await chown(join(spool, 'pid'), 0, 0)
}

async function table(dir: string, name: string, lines: Readonly<Record<string, string>>): Promise<string> {
  const path = join(dir, 'conf', name)
  await writeFile(
    path,
    Object.entries(lines)
      .map(([key, value]) => `${key} ${value}\n`)
      .join(''),
  )
  return `texthash:${path}`
}

async function mainCf(dir: string, root: string, certificate: Certificate): Promise<string> {
  const senders = await table(dir, 'senders', { [REFUSED.sender]: '550 5.7.1 sender is not allowed' })
  const data = await table(dir, 'data', { [REFUSED.data]: '550 5.6.0 no data of you' })
  const content = await table(dir, 'content', { [REFUSED.content]: '550 5.7.1 content rejected' })
  const recipients = await table(dir, 'recipients', {
    [REFUSED.recipient]: '550 5.1.1 no such user',
    [REFUSED.forNow]: '450 4.2.0 greylisted',
  })
  await writeFile(join(dir, 'conf/cert.pem'), certificate.cert)
  await writeFile(join(dir, 'conf/key.pem'), certificate.key, { mode: 0o600 })
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(dir, 'spool'),
    data_directory: join(dir, 'data'),
    command_directory: join(root, 'usr/sbin'),
    daemon_directory: join(root, 'usr/lib/postfix/sbin'),
    shlib_directory: join(root, 'usr/lib/postfix'),
    mail_owner: OWNER,
    setgid_group: GROUP,
    import_environment: 'MAIL_CONFIG LD_LIBRARY_PATH TZ',
    maillog_file: join(dir, 'log'),
    maillog_file_prefixes: dir,
    myhostname: 'mx.example.org',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    mydestination: '',
    alias_maps: '',
    local_recipient_maps: '',
    default_transport: 'discard',
    // It slows down whoever makes mistakes; here they are made on purpose.
    smtpd_error_sleep_time: '0',
    smtpd_hard_error_limit: '1000',
    smtpd_soft_error_limit: '1000',
    smtpd_delay_reject: 'no',
    smtpd_sender_restrictions: `check_sender_access ${senders}`,
    smtpd_recipient_restrictions: `check_recipient_access ${recipients}, permit_mynetworks, reject`,
    smtpd_data_restrictions: `check_sender_access ${data}`,
    smtpd_end_of_data_restrictions: `check_sender_access ${content}`,
    message_size_limit: String(SIZE_AT_MOST),
    smtpd_client_event_limit_exceptions: '',
    smtpd_tls_security_level: 'may',
    smtpd_tls_cert_file: join(dir, 'conf/cert.pem'),
    smtpd_tls_key_file: join(dir, 'conf/key.pem'),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

const masterCf = (
  port: number,
  plain: number,
  narrow: number,
): string => `127.0.0.1:${port} inet n - n - - smtpd
127.0.0.1:${plain} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=pipelining
127.0.0.1:${narrow} inet n - n - - smtpd -o smtpd_client_connection_count_limit=3
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`
