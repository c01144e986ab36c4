// The rows about one work and one member: what a user waits for between `kubectl apply` on the hub and the member.
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import type { KubeClient } from "#kube/client.ts"
import { Following } from "./await-watch.ts"
import { nowMs, timed, type Row } from "./measure.ts"

const NAMESPACE = "default"

/** Creates, changes, deletes and tampers, one at a time; then 200 at once. */
export async function benchWork(hub: KubeClient, member: KubeClient, cluster: string, repeats: number): Promise<Row[]> {
  const works = await Following.start(hub, MANIFEST_WORKS, { namespace: cluster })
  const objects = await Following.start(member, CONFIG_MAPS, { namespace: NAMESPACE })
  const floor: number[] = []
  const delivered: number[] = []
  const applied: number[] = []
  const changed: number[] = []
  const restored: number[] = []
  const deleted: number[] = []
  for (let i = 0; i < repeats; i++) {
    const name = `bench-${i}-${process.pid}`
    floor.push(await timed(() => hub.create(CONFIG_MAPS, configMap(`${name}-floor`, "x"))))
    await hub.delete(CONFIG_MAPS, { namespace: NAMESPACE, name: `${name}-floor` })

    let started = nowMs()
    const arrival = objects
      .until(`${NAMESPACE}/${name}`, (o) => o !== undefined)
      .then(() => delivered.push(nowMs() - started))
    const acknowledgement = works
      .until(`${cluster}/${name}`, (w) => isApplied(w, 1))
      .then(() => applied.push(nowMs() - started))
    await hub.create(MANIFEST_WORKS, work(cluster, name, "one"))
    await Promise.all([arrival, acknowledgement])

    started = nowMs()
    const change = works.until(`${cluster}/${name}`, (w) => isApplied(w, 2)).then(() => changed.push(nowMs() - started))
    await hub.patch(MANIFEST_WORKS, { namespace: cluster, name }, { merge: { spec: work(cluster, name, "two").spec } })
    await change

    started = nowMs()
    const tampered = objects.until(`${NAMESPACE}/${name}`, (o) => o?.data?.["value"] === "by-hand")
    await member.patch(CONFIG_MAPS, { namespace: NAMESPACE, name }, { merge: { data: { value: "by-hand" } } })
    await tampered
    await objects.until(`${NAMESPACE}/${name}`, (o) => o?.data?.["value"] === "two")
    restored.push(nowMs() - started)

    started = nowMs()
    const gone = works.until(`${cluster}/${name}`, (w) => w === undefined)
    await hub.delete(MANIFEST_WORKS, { namespace: cluster, name })
    await gone
    deleted.push(nowMs() - started)
  }
  const burst = await benchBurst(hub, works, cluster, 200)
  works.stop()
  objects.stop()
  return [
    { what: "one create on the API server (floor)", unit: "ms", values: floor },
    { what: "ManifestWork created → object on the member", unit: "ms", values: delivered, budget: 15 },
    { what: "ManifestWork created → Applied seen on the hub", unit: "ms", values: applied, budget: 20 },
    { what: "ManifestWork changed → Applied for that generation", unit: "ms", values: changed, budget: 20 },
    { what: "ManifestWork deleted → gone", unit: "ms", values: deleted, budget: 40 },
    { what: "member object changed by hand → restored", unit: "ms", values: restored, budget: 50 },
    { what: "200 works created at once → all Applied", unit: "s", values: [burst / 1000], budget: 3 },
  ]
}

async function benchBurst(
  hub: KubeClient,
  works: Following<ManifestWork>,
  cluster: string,
  count: number,
): Promise<number> {
  const names = Array.from({ length: count }, (_, i) => `bench-burst-${i}-${process.pid}`)
  const started = nowMs()
  const all = Promise.all(names.map((name) => works.until(`${cluster}/${name}`, (w) => isApplied(w, 1))))
  await Promise.all(names.map((name) => hub.create(MANIFEST_WORKS, work(cluster, name, "one"))))
  await all
  const took = nowMs() - started
  const gone = Promise.all(names.map((name) => works.until(`${cluster}/${name}`, (w) => w === undefined)))
  await Promise.all(names.map((name) => hub.delete(MANIFEST_WORKS, { namespace: cluster, name })))
  await gone
  return took
}

const configMap = (name: string, value: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: NAMESPACE },
  data: { value },
})

function work(cluster: string, name: string, value: string): ManifestWork {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name, namespace: cluster },
    spec: { workload: { manifests: [configMap(name, value)] } },
  }
}

function isApplied(work: ManifestWork | undefined, generation: number): boolean {
  const condition = work?.status?.conditions?.find((c) => c.type === "Applied")
  return condition?.status === "True" && condition.observedGeneration === generation
}
