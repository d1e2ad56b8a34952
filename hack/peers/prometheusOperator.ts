/**
 * prometheus-operator and its admission, who read what our operator writes. `node prometheusOperator.ts` builds them, which
 * takes minutes; tests use them where they were built.
 */
import { builtModule, cachedModule } from '../cluster/binaries.ts'

const NAME = 'prometheusOperator'
const MODULE = {
  folder: NAME,
  binaries: {
    operator: 'github.com/prometheus-operator/prometheus-operator/cmd/operator',
    'admission-webhook': 'github.com/prometheus-operator/prometheus-operator/cmd/admission-webhook',
  },
}

/** @returns the folder with both, where they were built. */
export const prometheusOperator = (): Promise<string | undefined> => cachedModule(NAME, MODULE)

if (import.meta.main) console.log(await builtModule(NAME, MODULE))
