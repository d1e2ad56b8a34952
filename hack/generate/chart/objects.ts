/** The operator's own objects, as config/ has them, with the values of the chart in them. */
import type { Release } from '../../../crds/release.ts'
import { managerObjects } from '../manager.ts'
import { operatorMonitoring } from '../monitoring/index.ts'
import { rightsObjects } from '../rbac.ts'
import { inline, lines, optional, template, when } from './template.ts'

interface Named {
  readonly metadata: { readonly name: string; readonly labels?: object }
}

const NAMESPACE = inline('$.Release.Namespace')
const LABELS = lines('{{- include "batchsender.labels" $ | nindent %I% }}')

/** Where it lives, and what says that Helm keeps it. */
function placed<Object extends Named>(object: Object, namespace?: string) {
  const { name, labels, ...rest } = object.metadata as Named['metadata'] & Record<string, unknown>
  delete rest['namespace']
  return {
    ...object,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { ...labels, ...LABELS },
      ...rest,
    },
  }
}

const image = (name: string) => inline(`include "batchsender.image" (list $ "${name}")`)

/** A setting that is written where it is not what it is by default. */
const setting = (name: string, value: string, standard: string) =>
  lines(
    `{{- if ne $.Values.${value} "${standard}" }}`,
    `- name: ${name}`,
    `  value: {{ $.Values.${value} | quote }}`,
    '{{- end }}',
  )

const WATCHED = lines(
  '- name: WATCH_NAMESPACES',
  '  {{- if $.Values.clusterWide }}',
  '  value: ""',
  '  {{- else if $.Values.watchNamespaces }}',
  '  value: {{ join "," $.Values.watchNamespaces | quote }}',
  '  {{- else }}',
  '  valueFrom:',
  '    fieldRef:',
  '      fieldPath: metadata.namespace',
  '  {{- end }}',
)

/** What is set by a value; the chart refuses it in `extraEnv`. */
const SETTINGS = [
  setting('LOG_LEVEL', 'logLevel', 'info'),
  setting('IMAGE_PULL_POLICY', 'images.pullPolicy', 'IfNotPresent'),
  setting('CLUSTER_DOMAIN', 'clusterDomain', 'cluster.local'),
  setting('POD_USER', 'podUser', 'Fixed'),
]

const REPLACED: Readonly<Record<string, object>> = {
  WATCH_NAMESPACES: WATCHED,
  WORKER_IMAGE: { name: 'WORKER_IMAGE', value: image('worker') },
  NATS_IMAGE: { name: 'NATS_IMAGE', value: image('nats') },
}

function deployment(release: Release) {
  const { deployment: plain } = managerObjects(release)
  const { spec, metadata } = plain.spec?.template ?? {}
  if (!spec) throw new Error('the Deployment of the operator has no pod')
  const { containers, ...pod } = spec
  const [{ env = [], ...container } = { name: '' }] = containers
  return {
    ...placed(plain as Named, NAMESPACE),
    spec: {
      ...plain.spec,
      replicas: inline('.Values.replicas'),
      template: {
        metadata: {
          ...metadata,
          ...optional('annotations', 'podAnnotations'),
          labels: {
            ...metadata?.labels,
            ...lines('{{- with .Values.podLabels }}{{ toYaml . | nindent %I% }}{{- end }}'),
          },
        },
        spec: {
          ...pod,
          ...optional('imagePullSecrets', 'images.pullSecrets'),
          ...lines('{{- with .Values.priorityClassName }}', 'priorityClassName: {{ . }}', '{{- end }}'),
          ...optional('nodeSelector'),
          ...optional('tolerations'),
          ...optional('affinity'),
          ...optional('topologySpreadConstraints'),
          containers: [
            {
              ...container,
              image: image('operator'),
              imagePullPolicy: inline('.Values.images.pullPolicy'),
              env: [
                ...env.map((one) => REPLACED[one.name] ?? one),
                ...SETTINGS,
                lines('{{- with .Values.extraEnv }}{{ toYaml . | nindent %I% }}{{- end }}'),
              ],
              resources: inline('toYaml .Values.resources | nindent 12'),
            },
          ],
        },
      },
    },
  }
}

export const chartDeployment = (release: Release): string => template(deployment(release))

export function chartServiceAccount(release: Release): string {
  const { kind, apiVersion, metadata } = placed(
    managerObjects(release).serviceAccount as Named,
    NAMESPACE,
  ) as Named & Record<string, unknown>
  return template({
    apiVersion,
    kind,
    metadata: { ...metadata, ...optional('annotations', 'serviceAccount.annotations') },
  })
}

/** The rights where it keeps BatchSenders, its lease, and what users may do. */
export function chartRights(): string {
  const { namespaced, clusterWide, lease, users } = rightsObjects()
  const ours = (namespace?: string) => (object: Named) => ({
    ...placed(object, namespace),
    ...('subjects' in object && {
      subjects: (object.subjects as readonly object[]).map((one) => ({ ...one, namespace: NAMESPACE })),
    }),
  })
  const within = namespaced.map(ours(inline('$namespace')))
  return [
    '{{- if .Values.clusterWide }}\n',
    template(...clusterWide.map(ours())),
    '{{- else }}\n',
    '{{- range $namespace := .Values.watchNamespaces | default (list .Release.Namespace) | uniq }}\n---\n',
    template(...within),
    '{{- end }}\n{{- end }}\n---\n',
    template(...lease.map(ours(NAMESPACE))),
    when('.Values.userRoles.create', `---\n${template(...users.map(ours()))}`),
  ].join('')
}

/** @param policy of config/manager */
export function chartNetworkPolicy(policy: Named & { readonly spec: object }): string {
  if ('ingress' in policy.spec)
    throw new Error('the chart knows a policy that lets nobody in, and puts its peers there')
  const metrics = lines(
    '{{- with .Values.networkPolicy.metricsFrom }}',
    'ingress:',
    '  - from: {{- toYaml . | nindent 8 }}',
    '    ports:',
    '      - port: probes',
    '{{- end }}',
  )
  return when(
    '.Values.networkPolicy.enabled',
    template({ ...placed(policy, NAMESPACE), spec: { ...policy.spec, ...metrics } }),
  )
}

export function chartMonitoring(release: Release): string {
  const labels = lines('{{- with .Values.monitoring.labels }}{{ toYaml . | nindent %I% }}{{- end }}')
  const objects = operatorMonitoring(release).map((object) => {
    const { metadata, ...rest } = placed(object as Named, NAMESPACE)
    return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } }
  })
  return when('.Values.monitoring.enabled', template(...objects))
}
