/** The parts of the chart that are no objects: who it is, its values in words, and the templates that are shared. */
import { stringify } from 'yaml'
import { imageText, type Release } from '../../../crds/release.ts'

export const CHART = 'batchsender-operator'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

export const chartYaml = ({ version, images, docsUrl }: Release): string =>
  stringify({
    apiVersion: 'v2',
    name: CHART,
    type: 'application',
    description: 'Runs BatchSender on Kubernetes and proves that it is ready for production.',
    version,
    appVersion: version,
    home: docsUrl,
    keywords: ['email', 'nats', 'postgresql', 'operator'],
    annotations: {
      'artifacthub.io/license': 'Apache-2.0',
      'artifacthub.io/operator': 'true',
      'artifacthub.io/images': stringify(
        Object.entries(images).map(([name, image]) => ({ name, image: imageText(image) })),
      ),
    },
  })

/** values.yaml: every value with what it is above it. */
export const valuesYaml = (schema: object): string =>
  Object.entries((schema as Schema).properties ?? {})
    .map(([name, field]) => valueText(name, field, ''))
    .join('\n')

function valueText(name: string, field: Schema, indent: string): string {
  const comment = `${indent}# ${described(field)}\n`
  if (field.properties) {
    const below = Object.entries(field.properties).map(([key, one]) => valueText(key, one, `${indent}  `))
    return `${comment}${indent}${name}:\n${below.join('')}`
  }
  const text = stringify({ [name]: field.default }, { lineWidth: 0 })
  return `${comment}${text.replaceAll(/^(?=.)/gm, indent)}`
}

const described = ({ description = '', enum: choices }: Schema): string =>
  choices ? `${description} One of ${choices.join(', ')}.` : description

/** What Helm gives every chart beside its own. */
export const valuesSchema = (schema: object): string => {
  const { properties, ...rest } = JSON.parse(JSON.stringify(schema)) as { properties: object }
  const whole = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    properties: { global: { type: 'object' }, ...properties },
  }
  return `${JSON.stringify(whole, undefined, 2)}\n`
}

export const valuesTable = (schema: object): string =>
  ['| Value | Default | What |', '| --- | --- | --- |', ...rows(schema, '')].join('\n')

function rows({ properties = {} }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) =>
    field.properties
      ? rows(field, `${prefix}${name}.`)
      : [`| \`${prefix}${name}\` | \`${JSON.stringify(field.default)}\` | ${described(field)} |`],
  )
}

export const readme = (mark: string, schema: object): string => `<!-- ${mark} -->
# ${CHART}

The operator of BatchSender as a Helm chart, from the same source as \`config/default\` and \`config/cluster-wide\`: with no value
set it makes the same objects, apart from the namespace. Installing, upgrading and removing: \`docs/install.md\`,
\`docs/upgrade.md\` and \`docs/removal.md\` of the project.

The definition of \`BatchSender\` is a template with \`helm.sh/resource-policy: keep\`: it comes and is upgraded with the chart, and
stays when the chart is removed. A chart that is older than the installed definition leaves that as it is, as it does with one of
another release, which it takes over with \`--take-ownership\`.

Names are fixed: one release in a namespace. For a second one in the same cluster set \`crds.install\` and \`userRoles.create\` to
\`false\`.

## Values

${valuesTable(schema)}
`

/** Sentences for what the schema cannot say. */
const REFUSALS = `{{- define "batchsender.refusals" -}}
{{- if and .Values.clusterWide .Values.watchNamespaces -}}
{{- fail "clusterWide keeps every namespace: leave watchNamespaces empty, or set clusterWide to false" -}}
{{- end -}}
{{- $settings := dict "LOG_LEVEL" "logLevel" "IMAGE_PULL_POLICY" "images.pullPolicy" "CLUSTER_DOMAIN" "clusterDomain" "POD_USER" "podUser" "WORKER_IMAGE" "images.worker" "NATS_IMAGE" "images.nats" "WATCH_NAMESPACES" "watchNamespaces or clusterWide" -}}
{{- range .Values.extraEnv -}}
{{- if hasKey $settings .name -}}
{{- fail (printf "extraEnv must not name %s: set %s instead" .name (get $settings .name)) -}}
{{- end -}}
{{- if has .name (list "OPERATOR_NAME" "OPERATOR_NAMESPACE" "PROBE_PORT") -}}
{{- fail (printf "extraEnv must not name %s: the chart sets it, and its objects depend on it" .name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.metricsFrom (not .Values.networkPolicy.enabled) -}}
{{- fail "networkPolicy.metricsFrom names who may read metrics, but networkPolicy.enabled is false: everybody may. Set it to true, or leave metricsFrom empty" -}}
{{- end -}}
{{- end -}}
`

export const HELPERS = `{{- /* As a pod names it: (list $ "worker"). */ -}}
{{- define "batchsender.image" -}}
{{- $images := (index . 0).Values.images -}}
{{- $name := index . 1 -}}
{{- $image := index $images $name -}}
{{- if not (or $image.tag $image.digest) -}}
{{- fail (printf "images.%s needs a tag or a digest" $name) -}}
{{- end -}}
{{- with $images.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag }}{{ end }}
{{- end -}}

{{- /* Of every object, beside those that config/ has; not of pods, which a new chart alone would roll. */ -}}
{{- define "batchsender.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

${REFUSALS}`

export const NOTES = `The operator keeps the BatchSenders of {{ if .Values.clusterWide }}every namespace{{ else if .Values.watchNamespaces }}{{ join ", " .Values.watchNamespaces }}{{ else }}the namespace {{ .Release.Namespace }}{{ end }}.

  kubectl -n {{ .Release.Namespace }} rollout status deployment/batchsender-operator
  kubectl get batchsenders -A

A first BatchSender: config/samples/minimal.yaml of the project; fields, conditions and checks: docs/api.md.
{{ if not .Values.crds.install }}
crds.install is false: apply crds.yaml of this release yourself, before the operator is upgraded.
{{ end }}{{ if eq .Values.replicas 0.0 }}
replicas is 0: nothing is healed, and no status is told.
{{ end }}
helm uninstall leaves the definition, every BatchSender and all that runs for it. Delete BatchSenders first, while the operator
is there, if they are to go as well.
`
