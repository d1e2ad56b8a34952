#!/usr/bin/env bash
# One Kubernetes node with its control plane in namespaces of its own: nothing of it is seen outside but one link.
#   node.sh up | down | exec COMMAND…
# Needs: STATE (of this cluster), CACHE (that outlives it), BIN (with every binary), root.
set -euo pipefail

export STATE CACHE BIN
readonly NODE_IP=10.250.0.1 HOST_IP=10.250.0.2 PODS=10.244.0.0/16 SERVICES=10.96.0.0/16
readonly CGROUP=batchsender LINK=bslocal0 PEER=bslocal1

fail() { echo "cluster: $*" >&2; exit 1; }

# --- outside -----------------------------------------------------------------------------------------------------

# The first process of the cluster's pid namespace; killing it ends everything inside.
init_pid() {
  local pid
  pid=$(cat "$STATE/init.pid" 2>/dev/null) || return 1
  grep -qz -- _inside "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

make_cgroups() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup/*/; do
    [ "$hierarchy" = /sys/fs/cgroup/unified/ ] && continue
    [ -w "$hierarchy" ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ] || continue
    mkdir -p "$hierarchy$CGROUP"
    # A new cpuset is empty, and nothing can run in an empty one.
    if [ -e "$hierarchy$CGROUP/cpuset.cpus" ]; then
      cat "${hierarchy}cpuset.cpus" > "$hierarchy$CGROUP/cpuset.cpus"
      cat "${hierarchy}cpuset.mems" > "$hierarchy$CGROUP/cpuset.mems"
      echo 1 > "$hierarchy$CGROUP/cgroup.clone_children"
    fi
  done
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || mkdir -p "/sys/fs/cgroup/$CGROUP"
}

remove_cgroups() {
  local try
  for try in $(seq 60); do
    find /sys/fs/cgroup -maxdepth 2 -type d -name "$CGROUP" -prune -print 2>/dev/null | while read -r root; do
      find "$root" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    [ -n "$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$CGROUP" -print -quit 2>/dev/null)" ] || return 0
    sleep 0.1
  done
  echo "cluster: control groups named $CGROUP are left behind" >&2
}

down() {
  local pid try
  if pid=$(init_pid); then
    kill -9 "$pid" 2>/dev/null || true
    for try in $(seq 200); do [ -e "/proc/$pid" ] || break; sleep 0.05; done
  fi
  ip link del "$LINK" 2>/dev/null || true
  remove_cgroups
  rm -rf --one-file-system "$STATE/run" "$STATE/init.pid"
}

refuse_collisions() {
  ! ip link show "$LINK" > /dev/null 2>&1 || fail "a link $LINK exists already: another cluster? try make cluster-down"
  local net
  for net in "$PODS" "$SERVICES" 10.250.0.0/30; do
    [ -z "$(ip route show root "$net" 2>/dev/null)" ] || fail "this machine routes $net already: the cluster needs it"
  done
}

up() {
  init_pid > /dev/null && fail 'already up'
  down
  refuse_collisions
  mkdir -p "$STATE/run" "$STATE/log" "$CACHE/containerd"
  make_cgroups
  setsid unshare --net --pid --mount --uts --ipc --fork --kill-child --propagation private --mount-proc \
    "$0" _inside > "$STATE/log/node.log" 2>&1 < /dev/null &
  local parent=$! pid='' try
  for try in $(seq 200); do
    pid=$(tr -d ' ' < "/proc/$parent/task/$parent/children" 2>/dev/null || true)
    [ -n "$pid" ] && grep -qz -- _inside "/proc/$pid/cmdline" 2>/dev/null && break
    sleep 0.02
  done
  [ -n "$pid" ] || fail "namespaces could not be made: $(tail -n 3 "$STATE/log/node.log")"
  echo "$pid" > "$STATE/init.pid"
  ip link add "$LINK" type veth peer name "$PEER" netns "$pid"
  ip addr add "$HOST_IP/30" dev "$LINK"
  ip link set "$LINK" up
  ip route add "$PODS" via "$NODE_IP"
  ip route add "$SERVICES" via "$NODE_IP"
  touch "$STATE/run/linked"
  for try in $(seq 1200); do
    [ -e "$STATE/run/ready" ] && return 0
    [ -e "/proc/$pid" ] || fail "the node ended: $(tail -n 5 "$STATE/log/node.log")"
    sleep 0.1
  done
  fail "the node did not become ready in two minutes; see $STATE/log"
}

# --- inside ------------------------------------------------------------------------------------------------------

# Mounts that must be the cluster's own: locks and sockets, logs of pods, a /sys that shows its network.
own_mounts() {
  mount --make-rshared /
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns /run/lock /run/cgroup /var/log/pods /var/log/containers run/pods run/containers
  mount --bind "$STATE/run/pods" /var/log/pods
  mount --bind "$STATE/run/containers" /var/log/containers
  mount --rbind /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys
  mount --rbind /run/cgroup /sys/fs/cgroup
}

own_network() {
  while [ ! -e run/linked ]; do sleep 0.02; done
  ip link set lo up
  ip addr add "$NODE_IP/30" dev "$PEER"
  ip link set "$PEER" up
  ip route add default via "$HOST_IP"
  sysctl -qw net.ipv4.ip_forward=1
  # Without it, traffic between two pods on the bridge would pass no rule.
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 || true
}

write_configuration() {
  mkdir -p run/cni/bin run/cni/conf
  cp -L "$BIN/bridge" "$BIN/host-local" "$BIN/loopback" run/cni/bin/
  cat > run/cni/conf/10-bridge.conflist << JSON
{ "cniVersion": "1.0.0", "name": "pods", "plugins": [ {
  "type": "bridge", "bridge": "bspods", "isGateway": true, "ipMasq": false, "hairpinMode": true,
  "ipam": { "type": "host-local", "dataDir": "$STATE/run/cni/state",
    "ranges": [ [ { "subnet": "10.244.0.0/24" } ] ], "routes": [ { "dst": "0.0.0.0/0" } ] } } ] }
JSON
  cat > run/containerd.toml << TOML
version = 3
root = "$CACHE/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "registry.local/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["$STATE/run/cni/bin"]
  conf_dir = "$STATE/run/cni/conf"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    SystemdCgroup = false
TOML
  : > run/resolv.conf
  cat > run/kubelet.yaml << YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $STATE/pki/ca.crt } }
authorization: { mode: Webhook }
tlsCertFile: $STATE/pki/node.crt
tlsPrivateKeyFile: $STATE/pki/node.key
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd.sock
cgroupsPerQOS: true
enforceNodeAllocatable: []
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: $STATE/run/resolv.conf
evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1% }
imageGCHighThresholdPercent: 100
address: 0.0.0.0
healthzPort: 0
syncFrequency: 10s
YAML
  cat > run/proxy.yaml << YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: $STATE/pki/proxy.kubeconfig }
mode: iptables
clusterCIDR: $PODS
hostnameOverride: node1
conntrack: { maxPerCore: 0, min: 0 }
YAML
}

start() { # NAME COMMAND…
  local name=$1
  shift
  "$@" > "$STATE/log/$name.log" 2>&1 &
}

start_control_plane() {
  start etcd etcd --data-dir run/etcd --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380
  start apiserver kube-apiserver --etcd-servers http://127.0.0.1:2379 --secure-port 6443 \
    --bind-address 0.0.0.0 --advertise-address "$NODE_IP" \
    --tls-cert-file pki/apiserver.crt --tls-private-key-file pki/apiserver.key --client-ca-file pki/ca.crt \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file pki/sa.pub --service-account-signing-key-file pki/sa.key \
    --service-cluster-ip-range "$SERVICES" --authorization-mode Node,RBAC --allow-privileged \
    --kubelet-client-certificate pki/admin.crt --kubelet-client-key pki/admin.key \
    --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority pki/ca.crt \
    --audit-policy-file pki/audit.json --audit-log-path "$STATE/log/audit.log" \
    --audit-log-maxsize 100 --audit-log-maxbackup 2
}

start_node() {
  start controller-manager kube-controller-manager --kubeconfig pki/controller-manager.kubeconfig \
    --service-account-private-key-file pki/sa.key --root-ca-file pki/ca.crt --use-service-account-credentials \
    --leader-elect=false --pvclaimbinder-sync-period=1s --cluster-cidr "$PODS" --allocate-node-cidrs \
    --cluster-signing-cert-file pki/ca.crt --cluster-signing-key-file pki/ca.key --bind-address 127.0.0.1
  start scheduler kube-scheduler --kubeconfig pki/scheduler.kubeconfig --leader-elect=false --bind-address 127.0.0.1
  start proxy kube-proxy --config run/proxy.yaml
  start kubelet kubelet --config run/kubelet.yaml --kubeconfig pki/node.kubeconfig --hostname-override node1 \
    --root-dir "$STATE/run/kubelet" --node-ip "$NODE_IP" --cert-dir "$STATE/run/kubelet/pki" -v 2
}

# Containers and writable snapshots of a cluster that was killed; its images stay.
sweep_containerd() {
  local ctr="ctr -a /run/containerd.sock -n k8s.io" name
  for name in $($ctr containers ls -q); do $ctr containers rm "$name" || true; done
  for name in $($ctr snapshots ls | awk '$3 == "Active" { print $1 }'); do $ctr snapshots rm "$name" || true; done
}

# Local volumes have no provisioner: every claim gets a folder and a volume that is bound to it.
provision_volumes() {
  local kubectl="kubectl --kubeconfig pki/admin.kubeconfig" namespace name size phase volume
  local columns='{.metadata.namespace} {.metadata.name} {.spec.resources.requests.storage} {.status.phase}{"\n"}'
  while :; do
    $kubectl get pvc -A --watch -o "jsonpath=$columns" | while read -r namespace name size phase; do
      [ "$phase" = Pending ] || continue
      volume="$namespace-$name"
      if $kubectl get pv "$volume" > /dev/null 2>&1; then
        [ "$($kubectl get pv "$volume" -o 'jsonpath={.status.phase}')" = Released ] || continue
        $kubectl delete pv "$volume" --wait=true
        rm -rf "run/volumes/$volume"
      fi
      mkdir -p "run/volumes/$volume"
      chmod 0777 "run/volumes/$volume"
      $kubectl create -f - << JSON || true
{ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "$volume" }, "spec": {
  "capacity": { "storage": "$size" }, "accessModes": [ "ReadWriteOnce" ], "storageClassName": "standard",
  "persistentVolumeReclaimPolicy": "Retain", "claimRef": { "namespace": "$namespace", "name": "$name" },
  "local": { "path": "$STATE/run/volumes/$volume" },
  "nodeAffinity": { "required": { "nodeSelectorTerms": [ { "matchExpressions": [
    { "key": "kubernetes.io/hostname", "operator": "In", "values": [ "node1" ] } ] } ] } } } }
JSON
    done
    sleep 1
  done
}

inside() {
  cd "$STATE"
  export PATH="$BIN:$PATH"
  own_mounts
  hostname node1
  own_network
  write_configuration
  start_control_plane
  start containerd containerd -c run/containerd.toml
  local try
  for try in $(seq 300); do ctr -a /run/containerd.sock version > /dev/null 2>&1 && break; sleep 0.1; done
  sweep_containerd > log/sweep.log 2>&1
  # The sandbox image must be there before the first pod; without the others pods would wait for their pull to fail.
  [ ! -e "$CACHE/images/all.tar" ] || ctr -a /run/containerd.sock -n k8s.io image import "$CACHE/images/all.tar" > log/import.log 2>&1
  for try in $(seq 600); do
    kubectl --kubeconfig pki/admin.kubeconfig get --raw /readyz > /dev/null 2>&1 && break
    sleep 0.1
  done
  start_node
  for try in $(seq 600); do
    kubectl --kubeconfig pki/admin.kubeconfig wait --for=condition=Ready node/node1 --timeout=30s > /dev/null 2>&1 && break
    sleep 0.1
  done
  start volumes provision_volumes
  touch run/ready
  # As the first process of the namespace it also reaps what others leave behind.
  while :; do wait || true; sleep 1; done
}

case ${1:-} in
  up) up ;;
  down) down ;;
  exec)
    shift
    pid=$(init_pid) || fail 'not up'
    PATH="$BIN:$PATH" exec nsenter -t "$pid" -n -m -p -i -u -- "$@"
    ;;
  _inside) inside ;;
  *) fail 'usage: node.sh up | down | exec COMMAND…' ;;
esac
