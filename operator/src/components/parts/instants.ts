export { instantOf } from '../../../../crds/instant.ts'
