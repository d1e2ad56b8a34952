#!/usr/bin/env bash
# One Kubernetes node with its control plane in namespaces of its own: nothing of it is seen outside but one link.
#   node.sh up | down | exec COMMAND…
# Needs: STATE (of this cluster), CACHE (that outlives it), BIN (with every binary), NODE (the program), root.
set -euo pipefail

export STATE CACHE BIN NODE
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=network.sh
. "$HERE/network.sh"

fail() { echo "cluster: $*" >&2; exit 1; }

# The first process of the cluster's pid namespace; killing it ends everything inside.
init_pid() {
  local pid
  pid=$(cat "$STATE/init.pid" 2>/dev/null) || return 1
  grep -qz -- inside.sh "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
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
    "$HERE/inside.sh" > "$STATE/log/node.log" 2>&1 < /dev/null &
  local parent=$! pid='' try
  for try in $(seq 200); do
    pid=$(tr -d ' ' < "/proc/$parent/task/$parent/children" 2>/dev/null || true)
    [ -n "$pid" ] && grep -qz -- inside.sh "/proc/$pid/cmdline" 2>/dev/null && break
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

case ${1:-} in
  up) up ;;
  down) down ;;
  exec)
    shift
    pid=$(init_pid) || fail 'not up'
    PATH="$BIN:$PATH" exec nsenter -t "$pid" -n -m -p -i -u -- "$@"
    ;;
  *) fail 'usage: node.sh up | down | exec COMMAND…' ;;
esac
