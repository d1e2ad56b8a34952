/** `make plugin`: the executable into dist/. */
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { buildPlugin } from './build.ts'

const { file, sha256, platform } = await buildPlugin(join(repositoryDir, 'dist/plugin'))
console.log(`${file}\n${platform}, sha256 ${sha256}`)
