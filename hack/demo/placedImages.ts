/** Images where the pods of a cluster find them: in the local one, or in one of the caller's. */
import { imageText, RELEASE, type Image } from '../../crds/release.ts'
import { load, type Cluster } from '../cluster/cluster.ts'
import { buildFor, handoverOf, inHandover } from '../images/handover.ts'
import {
  appImages,
  buildApps,
  buildServers,
  buildStandins,
  namesOfApps,
  NATS,
  S3,
  standinImage,
  standinImages,
} from '../images/images.ts'

/** Name in the manifests → what takes its place. */
type Images = Readonly<Record<string, Image>>

export async function placedApps(cluster: Cluster): Promise<Images> {
  const { operator, worker, nats } = RELEASE.images
  if (cluster.local) {
    const apps = await appImages()
    await load(cluster, apps)
    return { [operator.name]: apps.images.operator, [worker.name]: apps.images.worker, [nats.name]: NATS }
  }
  const handover = handoverOf(process.env)
  const { images } = await namesOfApps()
  const there = {
    operator: inHandover(handover, images.operator),
    worker: inHandover(handover, images.worker),
  }
  await buildApps(there, buildFor(handover))
  // Its nodes pull NATS themselves.
  return { [operator.name]: there.operator, [worker.name]: there.worker }
}

export async function placedStandins(cluster: Cluster): Promise<Images> {
  if (cluster.local) {
    const standins = await standinImages()
    await load(cluster, standins)
    return { 'batchsender/standins': standins.image, 'batchsender/s3': S3 }
  }
  const handover = handoverOf(process.env)
  const build = buildFor(handover)
  const standins = inHandover(handover, (await standinImage()).image)
  const s3 = inHandover(handover, S3)
  await buildStandins(standins, build)
  await buildServers([imageText(S3)], (recipe) => build({ ...recipe, image: imageText(s3) }))
  return { 'batchsender/standins': standins, 'batchsender/s3': s3 }
}
