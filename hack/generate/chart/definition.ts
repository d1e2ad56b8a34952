/**
 * The definition of BatchSender as a template. Helm neither upgrades what is in `crds/` nor spares it when an older
 * chart is installed; here the chart looks at what is there (docs/adr/0024-the-chart.md).
 */
import { GROUP, PLURAL } from '../../../crds/schema/batchsender.ts'

/** In the chart; outside of its templates, since descriptions have braces of their own. */
export const SPEC_FILE = 'files/batchsenders.yaml'

export const DEFINITION = `{{- if .Values.crds.install }}
{{- $there := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "${PLURAL}.${GROUP}" }}
{{- $release := dig "metadata" "labels" "app.kubernetes.io/version" "" $there }}
{{- if not (regexMatch "^[0-9]+\\\\.[0-9]+\\\\.[0-9]+" $release) }}{{ $release = "0.0.0" }}{{ end }}
{{- $difference := (semver $release).Compare (semver .Chart.AppVersion) }}
{{- $releaseName := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $there }}
{{- $releaseNamespace := dig "metadata" "annotations" "meta.helm.sh/release-namespace" "" $there }}
{{- $ours := and (eq $releaseName .Release.Name) (eq $releaseNamespace .Release.Namespace) }}
{{- /* One of somebody else's that has all that this chart needs is left alone; an older one Helm refuses to take unasked. */}}
{{- if or (not $there) $ours (lt $difference 0) }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${PLURAL}.${GROUP}
  annotations:
    helm.sh/resource-policy: keep
  labels:
    app.kubernetes.io/name: batchsender-operator
    app.kubernetes.io/part-of: batchsender
    app.kubernetes.io/managed-by: {{ .Release.Service }}
    {{- if gt $difference 0 }}
    app.kubernetes.io/version: {{ $release | quote }}
spec: {{- toYaml $there.spec | nindent 2 }}
    {{- else }}
    app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
spec:
{{ .Files.Get "${SPEC_FILE}" | indent 2 }}
    {{- end }}
{{- end }}
{{- end }}
`
