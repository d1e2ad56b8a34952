import { expect, it } from 'vitest'
import { inline, lines, optional, template, when } from './template.ts'

it('puts expressions where values are, and keeps braces that are none of them', () => {
  const object = {
    kind: 'Thing',
    replicas: inline('.Values.replicas'),
    description: 'for {{ $labels.namespace }}',
    list: [{ name: 'a' }, lines('{{- with .Values.more }}', '{{ toYaml . | nindent %I% }}', '{{- end }}')],
    below: { ...optional('labels', 'podLabels') },
  }
  expect(template(object)).toBe(`kind: Thing
replicas: {{ .Values.replicas }}
description: for {{ "{{" }} $labels.namespace }}
list:
  - name: a
  {{- with .Values.more }}
  {{ toYaml . | nindent 2 }}
  {{- end }}
below:
  {{- with $.Values.podLabels }}
  labels: {{- toYaml . | nindent 4 }}
  {{- end }}
`)
})

it('leaves out what has no value', () => {
  expect(when('.Values.x', template({ kind: 'A' }))).toBe('{{- if .Values.x }}\nkind: A\n{{- end }}\n')
})
