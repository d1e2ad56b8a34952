/** The Go modules from which the cluster and the data plane are built, and how. */

export interface GoModule {
  /** Folder below hack/cluster/tools. */
  readonly folder: string
  /** Binary → package; the name of the package's last element may differ. */
  readonly binaries: Readonly<Record<string, string>>
  readonly tags?: string
  readonly ldflags?: string
  /** A newer Go than the one that is installed, which fetches it. */
  readonly toolchain?: string
}

const COMMANDS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
] as const

const KUBERNETES_VERSION = '1.36.3'
const VERSION_PACKAGE = 'k8s.io/component-base/version'

const kubernetes = (folder: string, commands: readonly string[]): GoModule => ({
  folder,
  binaries: Object.fromEntries(commands.map((command) => [command, `k8s.io/kubernetes/cmd/${command}`])),
  // Without these, discovery reports v0.0.0 and clients take the server for a very old one.
  ldflags: [
    `-X ${VERSION_PACKAGE}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${VERSION_PACKAGE}.gitMajor=1`,
    `-X ${VERSION_PACKAGE}.gitMinor=36`,
  ].join(' '),
})

/** Small ones first: whoever needs only NATS must not wait for Kubernetes. */
export const MODULES = {
  dataplane: {
    folder: 'dataplane',
    binaries: {
      etcd: 'go.etcd.io/etcd/server/v3',
      'nats-server': 'github.com/nats-io/nats-server/v2',
      versitygw: 'github.com/versity/versitygw/cmd/versitygw',
      bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
      loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
      'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
    },
  },
  pause: { folder: 'pause', binaries: { pause: '.' } },
  kstatus: { folder: 'kstatus', binaries: { kstatus: '.' } },
  kubernetes: kubernetes('kubernetes', COMMANDS),
  containerd: {
    folder: 'containerd',
    binaries: {
      containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
      'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
      ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
    },
    tags: 'no_btrfs no_devmapper no_zfs',
  },
  coredns: { folder: 'coredns', binaries: { coredns: '.' } },
} as const satisfies Record<string, GoModule>

export type ModuleName = keyof typeof MODULES
export type BinaryName =
  | (typeof COMMANDS)[number]
  | keyof (typeof MODULES)['dataplane']['binaries']
  | keyof (typeof MODULES)['containerd']['binaries']
  | 'pause'
  | 'kstatus'
  | 'coredns'

export const MODULE_NAMES = Object.keys(MODULES) as readonly ModuleName[]

export function moduleOf(binary: BinaryName): ModuleName {
  for (const name of MODULE_NAMES) if (binary in MODULES[name].binaries) return name
  throw new Error(`no module builds ${binary}`)
}
