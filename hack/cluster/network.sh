# Names and addresses that both sides of the local cluster must agree on.
# shellcheck disable=SC2034
readonly NODE_IP=10.250.0.1 HOST_IP=10.250.0.2 PODS=10.244.0.0/16 SERVICES=10.96.0.0/16
readonly CGROUP=batchsender LINK=bslocal0 PEER=bslocal1
