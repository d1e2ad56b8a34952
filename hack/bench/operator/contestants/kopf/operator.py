"""An operator on kopf that keeps five children and a status for every Bench."""

import json
import os
import pathlib

import kopf
import kubernetes

GROUP, VERSION, PLURAL = "bench.batchsender.io", "v1", "benches"
LABELS = {"bench.batchsender.io/child": "true"}
CHILDREN = [
    ("v1", "secrets"),
    ("v1", "configmaps"),
    ("networking.k8s.io/v1", "networkpolicies"),
    ("batch/v1", "cronjobs"),
    ("apps/v1", "deployments"),
]
TEMPLATE = pathlib.Path(os.environ["CHILDREN"]).read_text()
TUNED = os.environ.get("TUNED") == "true"

kubernetes.config.load_kube_config()
client = kubernetes.dynamic.DynamicClient(kubernetes.client.ApiClient())


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_):
    # worker_limit stays open: a worker keeps its place for five seconds after its object's last event,
    # so a limit of 16 makes everything past the sixteenth object wait for that.
    if TUNED:
        settings.execution.max_workers = 16
        settings.posting.enabled = False


@kopf.index(GROUP, VERSION, PLURAL)
def benches(namespace, name, uid, **_):
    return {(namespace, name): uid}


@kopf.on.create(GROUP, VERSION, PLURAL)
@kopf.on.update(GROUP, VERSION, PLURAL)
@kopf.on.resume(GROUP, VERSION, PLURAL)
def keep(namespace, name, uid, meta, patch, **_):
    for child in desired(namespace, name, uid):
        apply(child)
    patch.status["ready"] = True
    patch.status["observedGeneration"] = meta["generation"]


def heal(type, namespace, name, body, benches: kopf.Index, **_):
    """Told of every change of a child; of the first list, too, where type is None."""
    for uid in benches.get((namespace, name), []):
        for child in desired(namespace, name, uid):
            if child["kind"] == body["kind"] and (type == "DELETED" or not says(body, child)):
                apply(child)


for api_version, plural in CHILDREN:
    kopf.on.event(api_version, plural, labels=LABELS)(heal)


def desired(namespace, name, uid):
    text = TEMPLATE.replace("$NAMESPACE", namespace).replace("$NAME", name).replace("$UID", uid)
    return json.loads(text)


def apply(child):
    resource = client.resources.get(api_version=child["apiVersion"], kind=child["kind"])
    resource.server_side_apply(
        body=child,
        name=child["metadata"]["name"],
        namespace=child["metadata"]["namespace"],
        field_manager="bench",
        force_conflicts=True,
    )


def says(live, wanted):
    """Whether everything that is wanted is there; the server's defaults may be there besides."""
    if hasattr(wanted, "items"):
        return hasattr(live, "get") and all(says(live.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(says, live, wanted))
    return live == wanted
