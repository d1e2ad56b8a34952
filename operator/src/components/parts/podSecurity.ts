/** What Pod Security `restricted` asks of our pods, and a little more. */

/** Any id above 0 would do; this one is what distroless images call nonroot. */
export const NONROOT = 65_532

export const podSecurityContext = {
  runAsNonRoot: true,
  runAsUser: NONROOT,
  runAsGroup: NONROOT,
  fsGroup: NONROOT,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
}

export const containerSecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
}
