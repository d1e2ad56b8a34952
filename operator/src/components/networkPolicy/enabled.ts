import type { Sender } from '../snapshot.ts'

export const policiesEnabled = ({ spec }: Sender): boolean =>
  (spec.network?.policies ?? 'Enabled') === 'Enabled'
