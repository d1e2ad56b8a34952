/** What Pod Security `restricted` asks of our pods, and a little more. */
import type { Installation } from '../snapshot.ts'

/** Any id above 0 would do; this one is what distroless images call nonroot. */
const NONROOT = 65_532

const FIXED = { runAsUser: NONROOT, runAsGroup: NONROOT, fsGroup: NONROOT }

/** Where the cluster assigns users to namespaces, as OpenShift does, naming one would be refused. */
export function podSecurityContext({ podUser }: Installation) {
  return {
    runAsNonRoot: true,
    ...(podUser === 'Fixed' && FIXED),
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  }
}

export const containerSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
}
