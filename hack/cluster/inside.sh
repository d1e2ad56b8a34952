#!/usr/bin/env bash
# The first process of the cluster's namespaces: makes them a home, starts the control plane and the node, and reaps.
# Started by node.sh with STATE, CACHE, BIN and NODE.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=network.sh
. "$HERE/network.sh"

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

# NetworkPolicies have no effect by themselves.
enforce_policies() {
  while :; do
    "$NODE" "$HERE/enforcer/main.ts" "$STATE/pki/admin.kubeconfig" "$STATE/run/enforcing" || true
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
  start enforcer enforce_policies
  while [ ! -e run/enforcing ]; do sleep 0.05; done
  touch run/ready
  # As the first process of the namespace it also reaps what others leave behind.
  while :; do wait || true; sleep 1; done
}

inside
