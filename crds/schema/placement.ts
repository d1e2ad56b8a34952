/** Where pods may run and what is added to them: the same fields for workers and for NATS. */
import Type from 'typebox'
import { rule } from './references.ts'
import { passThroughList, stringMap } from './structural.ts'

const OUR_PREFIXES =
  "!(k.startsWith('app.kubernetes.io/') || k.startsWith('batchsender.io/') || k.contains('kubernetes.io/'))"

interface Words {
  /** As in `spec.worker`. */
  readonly path: string
  /** Whose pods. */
  readonly of: string
  /** What is so when a field is not set; a sentence of its own. */
  readonly unset: string
}

/** @returns properties of an object schema */
export const placement = ({ path, of, unset }: Words) => ({
  imagePullSecrets: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ minLength: 1, maxLength: 253 }) }), {
      maxItems: 10,
      description: `Secrets to pull the images of ${of} with.${unset}`,
    }),
  ),
  nodeSelector: Type.Optional(stringMap({ description: `Nodes that may run ${of}.${unset}` })),
  tolerations: Type.Optional(passThroughList<object>({ description: `Taints that ${of} tolerate.${unset}` })),
  priorityClassName: Type.Optional(
    Type.String({
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
      description: `PriorityClass of ${of}.${unset}`,
    }),
  ),
  podLabels: Type.Optional(
    stringMap({
      description: `More labels for the pods of ${of}.${unset}`,
      'x-kubernetes-validations': [
        rule(
          `self.all(k, ${OUR_PREFIXES})`,
          `${path}.podLabels may not use app.kubernetes.io/, batchsender.io/ or kubernetes.io/ keys: choose a prefix of your own`,
        ),
      ],
    }),
  ),
  podAnnotations: Type.Optional(
    stringMap({
      description: `More annotations for the pods of ${of}.${unset}`,
      'x-kubernetes-validations': [
        rule(
          `self.all(k, !k.startsWith('batchsender.io/'))`,
          `${path}.podAnnotations may not use batchsender.io/ keys: choose a prefix of your own`,
        ),
      ],
    }),
  ),
})
