/** The CustomResourceDefinition, from the schema in crds/. */
import { stringify } from 'yaml'
import { BatchSender, GROUP, KIND, PLURAL, VERSION } from '../../crds/schema/batchsender.ts'
import type { Release } from '../../crds/release.ts'
import { structural } from './structural.ts'

const condition = (type: string) => `.status.conditions[?(@.type=="${type}")]`

const COLUMNS = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: `${condition('Ready')}.status`,
    description: 'Works as specified.',
  },
  {
    name: 'Production',
    type: 'string',
    jsonPath: `${condition('ProductionReady')}.status`,
    description: 'Every check is proven or waived.',
  },
  {
    name: 'Mail',
    type: 'string',
    jsonPath: `${condition('MailFlowing')}.status`,
    description: 'Mail gets through, and nothing of it waits for a person.',
  },
  { name: 'Checks', type: 'string', jsonPath: '.status.summary.checks' },
  { name: 'Workers', type: 'string', jsonPath: '.status.summary.workers' },
  {
    name: 'Suspended',
    type: 'string',
    jsonPath: `${condition('Suspended')}.status`,
    description: 'True while spec.suspend is set: the other columns may be out of date.',
  },
  { name: 'Status', type: 'string', jsonPath: `${condition('Ready')}.message` },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Cert-Expires', type: 'string', jsonPath: '.status.evidence.natsTls.expiresAt', priority: 1 },
  {
    name: 'Last-Backup',
    type: 'string',
    jsonPath: '.status.evidence.backup.last.completedAt',
    priority: 1,
  },
  { name: 'Verified', type: 'string', jsonPath: '.status.evidence.backup.verified.completedAt', priority: 1 },
  { name: 'Proof', type: 'string', jsonPath: `${condition('ProductionReady')}.message`, priority: 1 },
  { name: 'Flow', type: 'string', jsonPath: `${condition('MailFlowing')}.message`, priority: 1 },
]

/** YAML of the CRD: structural, with descriptions, CEL rules, columns, scale and status subresources. */
export const crd = (release: Release): string => yamlOf(definition(release))

/** Its specification alone: the chart decides by what is installed whether it is this one (chart/definition.ts). */
export const crdSpec = (release: Release): string => yamlOf(definition(release).spec)

const yamlOf = (value: object) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

const definition = ({ version }: Release) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${PLURAL}.${GROUP}`,
    labels: {
      'app.kubernetes.io/name': 'batchsender-operator',
      'app.kubernetes.io/part-of': 'batchsender',
      // By which an older release knows that this one is newer, and leaves it alone.
      'app.kubernetes.io/version': version,
    },
  },
  spec: {
    group: GROUP,
    names: {
      kind: KIND,
      listKind: `${KIND}List`,
      plural: PLURAL,
      singular: KIND.toLowerCase(),
      shortNames: ['bs'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: VERSION,
        served: true,
        storage: true,
        additionalPrinterColumns: COLUMNS,
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.worker.replicas',
            statusReplicasPath: '.status.workers.replicas',
            labelSelectorPath: '.status.workers.selector',
          },
        },
        schema: { openAPIV3Schema: structural(BatchSender) },
      },
    ],
  },
})
