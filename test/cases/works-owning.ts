// Whose objects are, and what goes with a work.
import assert from "node:assert/strict"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, type AppliedManifestWork } from "#api/work/v1.ts"
import type { Case, WorksScene } from "./works-scene.ts"

export function owning(on: Case): void {
  const owners = async (s: WorksScene, name: string) => (await s.get(name))?.metadata.ownerReferences?.length ?? 0

  on("21: what leaves the work goes, and the rest with the work; its record names them", async (s) => {
    await s.say([s.configMap("a", {}), s.configMap("b", {})])
    await s.is("Applied", "True")
    await s.eventually(async () =>
      assert.deepEqual(
        (await s.record())?.status?.appliedResources?.map(({ name }) => name),
        ["a", "b"],
      ),
    )
    await s.change({ workload: { manifests: [s.configMap("b", {})] } })
    await s.holds("a", undefined)
    await s.remove()
    await s.isGone()
    assert.equal(await s.get("b"), undefined)
    assert.equal(await s.record(), undefined)
  })

  on("21: an object of two works goes with the last of them", async (s) => {
    const second = `${s.namespace}-second`
    await s.say([s.configMap("a", { k: "1" })])
    await s.say([s.configMap("a", { k: "1" })], {}, second)
    await s.is("Applied", "True")
    await s.is("Applied", "True", second)
    assert.equal(await owners(s, "a"), 2)
    await s.remove()
    await s.isGone()
    assert.equal(await owners(s, "a"), 1)
    await s.remove(second)
    await s.isGone(second)
    assert.equal(await s.get("a"), undefined)
  })

  on("21: Orphan leaves everything, without our reference", async (s) => {
    await s.say([s.configMap("a", { k: "1" })])
    await s.is("Applied", "True")
    assert.equal(await owners(s, "a"), 1)
    await s.change({ deleteOption: { propagationPolicy: "Orphan" } })
    await s.eventually(async () => assert.equal(await owners(s, "a"), 0))
    await s.remove()
    await s.isGone()
    assert.deepEqual(await s.data("a"), { k: "1" })
  })

  on("21: SelectivelyOrphan leaves what its rules name exactly; a wildcard names nothing", async (s) => {
    const rule = (name: string) => ({ group: "", resource: "configmaps", namespace: s.namespace, name })
    await s.say([s.configMap("stays", {}), s.configMap("goes", {})], {
      deleteOption: {
        propagationPolicy: "SelectivelyOrphan",
        selectivelyOrphans: { orphaningRules: [rule("stays"), rule("go*")] },
      },
    })
    await s.is("Applied", "True")
    assert.deepEqual([await owners(s, "stays"), await owners(s, "goes")], [0, 1])
    await s.remove()
    await s.isGone()
    assert.ok(await s.get("stays"))
    assert.equal(await s.get("goes"), undefined)
  })

  on("21: our reference is put back where somebody takes it away", async (s) => {
    await s.say([s.configMap("a", { k: "1" })], {
      manifestConfigs: [s.config("a", { updateStrategy: { type: "CreateOnly" } })],
    })
    await s.is("Applied", "True")
    await s.edit("a", { metadata: { ownerReferences: null } })
    await s.eventually(async () => assert.equal(await owners(s, "a"), 1, "the reference is put back"))
  })

  on(
    "23: what was applied for a work that is not there stays for an hour; another agent's is none of ours",
    async (s) => {
      await s.say([s.configMap("a", {})])
      await s.is("Applied", "True")
      const { metadata, spec } = await s.eventually(async () => {
        const record = await s.record()
        assert.equal(record?.status?.appliedResources?.length, 1)
        return record!
      })
      // As a hub leaves it that was restored from before the work was made.
      const leave = async (work: string, agentID: string) => {
        const made = await s.member.create(APPLIED_MANIFEST_WORKS, {
          apiVersion: "work.open-cluster-management.io/v1",
          kind: "AppliedManifestWork",
          metadata: { ...pick(metadata), name: `${spec.hubHash}-${work}` },
          spec: { ...spec, manifestWorkName: work, agentID },
        })
        const { apiVersion, kind } = made
        const name = made.metadata.name!
        const ownerReferences = [{ apiVersion, kind, name, uid: made.metadata.uid! }]
        const object = await s.member.create(CONFIG_MAPS, s.configMap(work, {}, { ownerReferences }))
        const resource = { group: "", version: "v1", resource: "configmaps", namespace: s.namespace, name: work }
        const merge = { status: { appliedResources: [{ ...resource, uid: object.metadata.uid! }] } }
        await s.member.patch(APPLIED_MANIFEST_WORKS, { name }, { merge }, { subresource: "status" })
      }
      const [foreign, lost] = [`${s.namespace}-foreign`, `${s.namespace}-lost`]
      await leave(foreign, "somebody-else")
      await leave(lost, spec.agentID!)
      const isDated = async (work: string) => (await s.record(work))?.status?.evictionStartTime !== undefined
      await s.eventually(async () => assert.ok(await isDated(lost)))
      assert.ok(await s.get(lost))
      assert.equal(await isDated(foreign), false)
      // The work is there again before the hour is over.
      await s.say([s.configMap(lost, { k: "1" })], {}, lost)
      await s.eventually(async () => assert.equal(await isDated(lost), false))
      await s.holds(lost, { k: "1" })
      await s.remove(lost)
      await s.isGone(lost)
      assert.equal(await s.get(lost), undefined)
      assert.ok(await s.get(foreign))
    },
  )

  on("a work that is complete goes when its time is over, with what it applied", async (s) => {
    const rule = { type: "CEL" as const, condition: "Complete", celExpressions: ["has(object.data.done)"] }
    await s.say([s.configMap("a", { k: "1" })], {
      deleteOption: { propagationPolicy: "Foreground", ttlSecondsAfterFinished: 1 },
      manifestConfigs: [s.config("a", { conditionRules: [rule] })],
    })
    await s.is("Complete", "False")
    await s.change({ workload: { manifests: [s.configMap("a", { done: "yes" })] } })
    await s.isGone()
    assert.equal(await s.get("a"), undefined)
  })
}

const pick = ({ annotations = {}, finalizers = [] }: AppliedManifestWork["metadata"]) => ({ annotations, finalizers })
