/** A Git repository over HTTP, from where GitOps controllers fetch: git's own http-backend behind an HTTP server. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ensureCommands } from '../cluster/packages.ts'
import { run } from '../cluster/shell.ts'

const REPOSITORY = 'mail.git'
const BRANCH = 'main'

/** Whatever the machine's own settings say, such as signing. */
const ALONE = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
const WHO = {
  GIT_AUTHOR_NAME: 'tests',
  GIT_AUTHOR_EMAIL: 'tests@example.com',
  GIT_COMMITTER_NAME: 'tests',
  GIT_COMMITTER_EMAIL: 'tests@example.com',
}

export interface GitServer {
  readonly url: string
  /** Makes these files, by path, the whole content of its branch `main`. @returns the id of the commit */
  commit(files: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
}

export async function startGit(): Promise<GitServer> {
  await ensureCommands('a Git server', { git: 'git' })
  const home = await mkdtemp(join(tmpdir(), 'batchsender-git-'))
  const tree = join(home, 'tree')
  const git = (...args: readonly string[]) =>
    run('git', args, { cwd: home, env: { ...process.env, ...ALONE, ...WHO } })
  await git('init', '--quiet', '--bare', `--initial-branch=${BRANCH}`, REPOSITORY)
  const server = createServer((request, response) => {
    backend(home, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${REPOSITORY}`,
    async commit(files) {
      await rm(tree, { recursive: true, force: true })
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(tree, name)), { recursive: true })
        await writeFile(join(tree, name), text)
      }
      await mkdir(tree, { recursive: true })
      const inTree = ['--git-dir', REPOSITORY, '--work-tree', tree]
      await git(...inTree, 'add', '--all', '.')
      await git(...inTree, 'commit', '--quiet', '--allow-empty', '--message', 'as a test wants it')
      return (await git(...inTree, 'rev-parse', 'HEAD')).trim()
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** CGI: the request in the environment, its body as standard input; head and body come back on standard output. */
function backend(home: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      ...ALONE,
      GIT_PROJECT_ROOT: home,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  child.once('error', () => response.destroy())
  child.once('close', () => {
    answer(Buffer.concat(said), response)
  })
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
}

function answer(said: Buffer, response: ServerResponse): void {
  const end = said.indexOf('\r\n\r\n')
  if (end < 0) return void response.destroy()
  const fields = said
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
  const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200'
  response.writeHead(
    Number.parseInt(status, 10),
    Object.fromEntries(fields.filter(([name]) => name !== 'Status')),
  )
  response.end(said.subarray(end + 4))
}
