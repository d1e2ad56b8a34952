/** Metadata of a child: its name, labels and owner. */
import type { OwnerReference } from '../../runtime/object.ts'
import type { Sender } from '../snapshot.ts'
import { GROUP, KIND, VERSION } from '../../../../crds/schema/batchsender.ts'
import { childName, labels } from './labels.ts'

/** Deleting the BatchSender deletes the child, and waits for it. */
export function ownerReference(sender: Sender): OwnerReference {
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    name: sender.name,
    uid: sender.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** `part` names the child and its component label, `name` only the child when they differ. */
export function metadata(sender: Sender, part: string, name = part) {
  return {
    name: childName(sender, name),
    namespace: sender.namespace,
    labels: labels(sender, part),
    ownerReferences: [ownerReference(sender)],
  }
}
