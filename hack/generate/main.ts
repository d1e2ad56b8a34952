/** `npm run generate`: writes every file that derives from code; `--check` only tells which are out of date. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { outputs } from './outputs.ts'

const check = process.argv.includes('--check')
const stale: string[] = []
for (const [path, text] of await outputs(RELEASE)) {
  const file = join(repositoryDir, path)
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present === text) continue
  stale.push(path)
  if (check) continue
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
if (stale.length === 0) console.log('generated files are up to date')
else console.log(`${check ? 'out of date, run `npm run generate`' : 'written'}: ${stale.join(', ')}`)
if (check && stale.length > 0) process.exitCode = 1
