/** A real Exim on the loopback interface that keeps what it took in its queue. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { startAside } from './aside.ts'
import type { MailServer, MailServerOptions } from './mailServer.ts'
import { REFUSED, SIZE_AT_MOST } from './mailServer.ts'
import { unpacked } from './unpacked.ts'

/** Its account is compiled in. */
const ACCOUNT = 'Debian-exim'

export const LOGIN = { username: 'user', password: 'secret' } as const

export interface Exim extends MailServer {
  /** The texts of all mails that it took, as it keeps them: LF, without headers. */
  bodies(): Promise<readonly string[]>
}

export async function startExim(options: MailServerOptions): Promise<Exim> {
  const root = await unpacked('exim4-daemon-light')
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-exim-'))
  await chmod(dir, 0o755)
  const port = await freePort()
  await mkdir(join(dir, 'spool'))
  await writeFile(join(dir, 'exim.conf'), configuration(dir, port, options))
  if (options.certificate)
    await writeFile(join(dir, 'tls.pem'), `${options.certificate.cert}\n${options.certificate.key}`)
  const server = await startAside({
    dir,
    accounts: [ACCOUNT],
    script: [
      // All but its configuration, which may be of nobody but root.
      `chown -R ${ACCOUNT}:${ACCOUNT} ${dir} && chown root:root ${join(dir, 'exim.conf')}`,
      `export LD_LIBRARY_PATH=${join(root, 'usr/lib/x86_64-linux-gnu')}`,
      `exec ${join(root, 'usr/sbin/exim4')} -C ${join(dir, 'exim.conf')} -bdf`,
    ],
    port,
  })
  const read = () => readFile(join(dir, 'mainlog'), 'utf8').catch(() => '')
  return {
    port,
    taken: async () => [...(await read()).matchAll(/ <= .* for (\S+)$/gm)].map(([, to]) => to ?? ''),
    bodies: async () => {
      const input = join(dir, 'spool/input')
      const files = (await readdir(input)).filter((name) => name.endsWith('-D'))
      // The first line is the name of the file.
      return Promise.all(
        files.map(async (name) => (await readFile(join(input, name), 'utf8')).replace(/^.*\n/, '')),
      )
    },
    log: async () => `${server.log}${await read()}`,
    stop: async () => {
      await server.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const configuration = (dir: string, port: number, { pipelining, certificate }: MailServerOptions): string => `
primary_hostname = mx.example.org
spool_directory = ${dir}/spool
log_file_path = ${dir}/%slog
log_selector = +received_recipients
pid_file_path = ${dir}/pid
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
keep_environment = LD_LIBRARY_PATH
host_lookup =
rfc1413_query_timeout = 0s
queue_only = true
message_size_limit = ${SIZE_AT_MOST}
pipelining_advertise_hosts = ${pipelining ? '*' : ''}
pipelining_connect_advertise_hosts =
# Who sends without waiting where nothing was offered is refused.
smtp_enforce_sync = true
tls_advertise_hosts = ${certificate ? '*' : ''}
${certificate ? `tls_certificate = ${dir}/tls.pem\nauth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}` : ''}
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_predata = acl_predata
acl_smtp_data = acl_data
begin acl
acl_mail:
  deny senders = ${REFUSED.sender}
       message = 5.7.1 sender is not allowed
  accept
acl_rcpt:
  deny condition = \${if eq{$local_part@$domain}{${REFUSED.recipient}}}
       message = 5.1.1 no such user
  defer condition = \${if eq{$local_part@$domain}{${REFUSED.forNow}}}
       message = 4.2.0 greylisted
  accept
acl_predata:
  deny senders = ${REFUSED.data}
       message = 5.6.0 no data of you
  accept
acl_data:
  deny senders = ${REFUSED.content}
       message = 5.7.1 content rejected
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${LOGIN.username}}}{eq{$auth3}{${LOGIN.password}}}}}
  server_advertise_condition = \${if eq{$sender_helo_name}{login.example}{0}{1}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{$auth1}{${LOGIN.username}}}{eq{$auth2}{${LOGIN.password}}}}}
  server_set_id = $auth1
`
