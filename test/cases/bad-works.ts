// Works that cannot be as they say: a clear condition, and the rest of the work and other works as if it were not there.
import assert from "node:assert/strict"
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { manifestsOf, type Case, type WorksCasesOptions, type WorksScene } from "./works-scene.ts"

export function badWorks(on: Case, { measuresWorks }: WorksCasesOptions): void {
  on("bad works: invalid in any way, each with its reason; what is well beside it is applied and kept", async (s) => {
    const bad: readonly (readonly [UnknownObject, RegExp])[] = [
      [object(s, "apps/v1", "Deployment", { spec: { replicas: 1 } }), /Deployment\S* "bad" is invalid|spec\.selector/],
      [object(s, "v1", "Service", { spec: { type: "Odd", ports: [{ port: 1 }] } }), /spec\.type: Unsupported value/],
      [
        object(s, "v1", "Service", { spec: { type: "x".repeat(60_000), ports: [{ port: 1 }] } }),
        /Unsupported value.*…$/s,
      ],
      [object(s, "v1", "ConfigMap", { data: "text" }), /Failed to apply manifest: .*data/s],
      [object(s, "v1", "ConfigMap", {}, "Not_A_Name"), /metadata\.name: Invalid value/],
      [object(s, "example.com/v1", "Nothing", {}), /the server doesn't have a resource type "Nothing"/],
      [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "homeless" } }, /it has no namespace/],
      [
        { ...s.configMap("x", {}), metadata: { namespace: "no-such-namespace", name: "x" } },
        /"no-such-namespace" not found/,
      ],
    ]
    await assert.rejects(s.say([object(s, "v9/odd/version", "ConfigMap", {})]), /manifests\[0\]\.apiVersion/)
    const named = bad.map(([manifest], i) => ({
      ...manifest,
      metadata: { ...manifest.metadata, name: manifest.metadata.name!.replace(/^bad$/, `bad${i}`) },
    }))
    await s.say([...named, s.configMap("good", { k: "1" })])
    const work = await s.is("Applied", "False")
    const told = manifestsOf(work, "Applied")
    for (const [i, [, want]] of bad.entries()) {
      assert.match(told[i]!, /^False AppliedManifestFailed: Failed to apply manifest: /)
      assert.match(told[i]!.slice(0, 400) + told[i]!.slice(-1), want, `manifest ${i}`)
      assert.ok(told[i]!.length < 5_000, `manifest ${i}: ${told[i]!.length} characters`)
    }
    assert.match(told.at(-1)!, /^True/)
    await s.edit("good", { data: { k: "edited" } })
    await s.holds("good", { k: "1" })
    // Put right, it is applied at once; what was taken out is not missed.
    await s.change({ workload: { manifests: [s.configMap("good", { k: "2" }), s.configMap("better", {})] } })
    await s.is("Applied", "True")
    await s.holds("good", { k: "2" })
  })

  on("bad works: an object that was well and is said badly stays as it was", async (s) => {
    await s.say([s.configMap("a", { k: "1" })])
    await s.is("Applied", "True")
    await s.change({ workload: { manifests: [{ ...s.configMap("a", {}), data: "text" }] } })
    await s.is("Applied", "False")
    assert.deepEqual(await s.data("a"), { k: "1" })
    await s.remove()
    await s.isGone()
    assert.equal(await s.get("a"), undefined)
  })

  on("bad works: too large", async (s) => {
    const large = s.configMap("large", { k: "x".repeat(600 * 1024) })
    if (measuresWorks) {
      await assert.rejects(s.say([large]), /size of manifests is \d+ bytes which exceeds the 512000 limit/)
      return
    }
    const tooLarge = s.configMap("too-large", { k: "x".repeat(1024 * 1024 + 1) })
    await s.say([tooLarge, s.configMap("good", {})])
    const told = manifestsOf(await s.is("Applied", "False"), "Applied")
    assert.match(told[0]!, /^False .*Too long/)
    assert.ok(told[0]!.length < 5_000)
    assert.match(told[1]!, /^True/)
  })

  on("bad works: forbidden, as in a namespace on its way out", async (s) => {
    const leaving = `${s.namespace}-leaving`
    await s.makeNamespace(leaving)
    const held = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: leaving, name: "held", finalizers: ["example.com/held"] },
    }
    await s.member.create(CONFIG_MAPS, held)
    await s.member.delete(NAMESPACES, { name: leaving })
    await s.say([{ ...s.configMap("a", {}), metadata: { namespace: leaving, name: "a" } }, s.configMap("good", {})])
    const told = manifestsOf(await s.is("Applied", "False"), "Applied")
    assert.match(told[0]!, /^False .*because it is being terminated/)
    assert.match(told[1]!, /^True/)
    await s.member.patch(CONFIG_MAPS, { namespace: leaving, name: "held" }, {
      merge: { metadata: { finalizers: null } },
    } as never)
    await s.eventually(() => assert.rejects(s.member.get(NAMESPACES, { name: leaving })))
    await s.eventually(async () => assert.match(manifestsOf(await s.work(), "Applied")[0]!, /"\S+-leaving" not found/))
  })

  on(
    "bad works: two that contradict each other take turns ever more slowly, and nobody else is kept waiting",
    async (s) => {
      await s.say([s.configMap("a", { k: "1" })])
      await s.say([s.configMap("a", { k: "2" })], {}, `${s.namespace}-second`)
      const [first, second] = [s.namespace, `${s.namespace}-second`]
      await s.eventually(async () => {
        const told = [...manifestsOf(await s.work(first), "Drifted"), ...manifestsOf(await s.work(second), "Drifted")]
        assert.ok(
          told.every((text) => text.includes("also in ManifestWork works-")),
          told.join("\n"),
        )
        assert.ok(
          told.some((text) => text.startsWith("True DriftContested: Changed back each time")),
          told.join("\n"),
        )
      })
      const third = `${s.namespace}-third`
      await s.say([s.configMap("b", { k: "1" })], {}, third)
      await s.is("Applied", "True", third)
      await s.edit("b", { data: { k: "edited" } })
      await s.holds("b", { k: "1" })
    },
  )

  on("bad works: a finalizer that never ends holds its work, which says so, and no other", async (s) => {
    const second = `${s.namespace}-second`
    await s.say([s.configMap("held", {}, { finalizers: ["example.com/held"] }), s.configMap("free", {})])
    await s.say([s.configMap("other", { k: "1" })], {}, second)
    await s.is("Applied", "True")
    await s.is("Applied", "True", second)
    await s.remove()
    await s.eventually(async () => {
      const deleting = findCondition((await s.work())?.status?.conditions, "Deleting")
      assert.deepEqual([deleting?.status, deleting?.reason], ["True", "WorkDeleting"])
      assert.equal(await s.get("free"), undefined)
    })
    await s.edit("other", { data: { k: "edited" } })
    await s.holds("other", { k: "1" })
    assert.ok((await s.get("held"))?.metadata.deletionTimestamp)
    await s.edit("held", { metadata: { finalizers: null } })
    await s.isGone()
    assert.equal(await s.record(), undefined)
  })
}

const object = (s: WorksScene, apiVersion: string, kind: string, fields: object, name = "bad"): UnknownObject => ({
  apiVersion,
  kind,
  metadata: { namespace: s.namespace, name },
  ...fields,
})
