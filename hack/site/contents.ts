/** What the site has, in the order of its side bar. */

export interface Section {
  readonly text: string
  /** Pages by their path in the repository. */
  readonly pages: readonly string[]
}

const docs = (...names: readonly string[]) => names.map((name) => `docs/${name}.md`)

export const SECTIONS: readonly Section[] = [
  { text: 'Begin', pages: ['README.md', ...docs('quickstart', 'production', 'faq', 'glossary')] },
  { text: 'Install', pages: docs('install', 'operator', 'gitops', 'upgrade', 'removal', 'releases') },
  {
    text: 'Operate',
    pages: docs(
      'troubleshooting',
      'highAvailability',
      'sizing',
      'monitoring',
      'alerts',
      'backup',
      'archive',
      'certificates',
      'pods',
      'gateway',
      'load',
    ),
  },
  { text: 'Send', pages: docs('http', 'campaigns', 'providers', 'webhooks', 'features', 'audit') },
  { text: 'PostgreSQL', pages: docs('postgres') },
  {
    text: 'Security',
    pages: [
      ...docs('security', 'rights', 'networkPolicies', 'secrets', 'encryption', 'ownership'),
      'SECURITY.md',
    ],
  },
  { text: 'Reference', pages: docs('api', 'plugin', 'metrics', 'benchmarks') },
  {
    text: 'Project',
    pages: ['CHANGELOG.md', ...docs('ARCHITECTURE'), 'CONTRIBUTING.md', ...docs('CONTRIBUTING')],
  },
]

/** Beside these, each folder has a section of its own. */
export const FOLDERS: readonly { readonly text: string; readonly path: string }[] = [
  { text: 'Runbooks', path: 'docs/runbooks' },
  { text: 'Decisions', path: 'docs/adr' },
]
