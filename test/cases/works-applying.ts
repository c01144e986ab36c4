// How the objects of works come to be, by update strategy.
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { SPEC_HASH_ANNOTATION } from "#api/work/names.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { definition, manifestsOf, type Case } from "./works-scene.ts"

export function applying(on: Case): void {
  on("Update: what the manifest says is put right, what others add stays", async (s) => {
    await s.say([s.configMap("a", { k: "1" }, { labels: { said: "1" } })])
    await s.is("Applied", "True")
    await s.edit("a", { data: { k: "edited" }, metadata: { labels: { added: "1", said: "edited" } } })
    await s.eventually(async () => {
      const live = await s.get("a")
      assert.deepEqual([live?.data, live?.metadata.labels], [{ k: "1" }, { said: "1", added: "1" }])
    })
  })

  on("CreateOnly: made once, and again when it is gone; never changed", async (s) => {
    await s.say([s.configMap("a", { k: "1" })], {
      manifestConfigs: [s.config("a", { updateStrategy: { type: "CreateOnly" } })],
    })
    await s.is("Applied", "True")
    await s.edit("a", { data: { k: "edited" } })
    await s.change({ workload: { manifests: [s.configMap("a", { k: "2" })] } })
    await s.is("Applied", "True")
    assert.deepEqual(await s.data("a"), { k: "edited" })
  })

  on("ServerSideApply: a conflict is told and not fought over; by force it is won", async (s) => {
    await s.member.apply(CONFIG_MAPS, s.configMap("a", { k: "theirs" }), { fieldManager: "somebody" })
    const strategy = (force: boolean) => ({
      manifestConfigs: [s.config("a", { updateStrategy: { type: "ServerSideApply", serverSideApply: { force } } })],
    })
    await s.say([s.configMap("a", { k: "ours" }), s.configMap("b", {})], strategy(false))
    const refused = await s.is("Applied", "False")
    assert.match(
      manifestsOf(refused, "Applied")[0]!,
      /^False AppliedManifestFailed: .*conflict with "somebody".*\.data\.k$/s,
    )
    assert.match(manifestsOf(refused, "Applied")[1]!, /^True AppliedManifestComplete/)
    assert.deepEqual(await s.data("a"), { k: "theirs" })
    await s.change(strategy(true))
    await s.is("Applied", "True")
    assert.deepEqual(await s.data("a"), { k: "ours" })
    const managers = (await s.get("a"))?.metadata.managedFields?.filter(({ operation }) => operation === "Apply")
    assert.ok(managers?.some(({ manager }) => manager === "work-agent"))
  })

  on("ReadOnly: looked at and never written; not there is told", async (s) => {
    const readOnly = (name: string) =>
      s.config(name, {
        updateStrategy: { type: "ReadOnly" },
        feedbackRules: [{ type: "JSONPaths", jsonPaths: [{ name: "k", path: ".data.k" }] }],
      })
    await s.member.create(CONFIG_MAPS, s.configMap("a", { k: "theirs" }))
    await s.say([s.configMap("a", { k: "ours" }), s.configMap("none", {})], {
      manifestConfigs: [readOnly("a"), readOnly("none")],
    })
    const work = await s.is("Available", "False")
    assert.deepEqual(manifestsOf(work, "Available"), [
      "True ResourceAvailable: Resource is available",
      "False ResourceNotAvailable: Resource is not available",
    ])
    const values = work.status?.resourceStatus?.manifests?.[0]?.statusFeedback?.values
    assert.deepEqual(values, [{ name: "k", fieldValue: { type: "String", string: "theirs" } }])
    assert.deepEqual((await s.get("a"))?.metadata.ownerReferences ?? [], [])
    await s.remove()
    await s.isGone()
    assert.deepEqual(await s.data("a"), { k: "theirs" })
    assert.equal(await s.data("none"), undefined)
  })

  on("19: kinds have their order and ordinals that of the spec; one that fails stops no other", async (s) => {
    const other = `${s.namespace}-other`
    const group = `${s.namespace}.example.com`
    await s.say([
      { apiVersion: `${group}/v1`, kind: "Thing", metadata: { namespace: other, name: "t" }, spec: { size: 1 } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "nowhere-at-all", name: "lost" } },
      { ...s.configMap("a", { k: "1" }), metadata: { namespace: other, name: "a" } },
      definition(group),
      { apiVersion: "v1", kind: "Namespace", metadata: { name: other } },
    ])
    const work = await s.eventually(async () => {
      const seen = await s.work()
      assert.deepEqual(
        manifestsOf(seen, "Applied").map((text) => text.split(" ")[0]),
        ["True", "False", "True", "True", "True"],
        JSON.stringify(seen?.status),
      )
      return seen
    })
    const metas = (work?.status?.resourceStatus?.manifests ?? []).map(({ resourceMeta }) => resourceMeta)
    assert.deepEqual(
      metas.map(({ ordinal, resource }) => `${ordinal} ${resource}`),
      ["0 things", "1 configmaps", "2 configmaps", "3 customresourcedefinitions", "4 namespaces"],
    )
    assert.match(manifestsOf(work, "Applied")[1]!, /namespaces "nowhere-at-all" not found/)
  })

  on("20: ServerSideApply leaves fields to others, by path, pointer and jq; made anew they are as said", async (s) => {
    const ignoreFields = [
      {
        condition: "OnSpokePresent" as const,
        jsonPaths: [".data.path"],
        jsonPointers: ["/data/pointer"],
        jqPathExpressions: ['.data | select(.jq | startswith("v")) | .jq'],
      },
    ]
    const said = (v: string) => s.configMap("a", { path: v, pointer: v, jq: v, ours: v })
    await s.say([said("v1")], {
      manifestConfigs: [
        s.config("a", { updateStrategy: { type: "ServerSideApply", serverSideApply: { force: true, ignoreFields } } }),
      ],
    })
    await s.holds("a", said("v1").data)
    const byHand = { path: "hand", pointer: "hand", jq: "hand" }
    await s.edit("a", { data: byHand })
    await s.change({ workload: { manifests: [said("v2")] } })
    await s.holds("a", { ...byHand, ours: "v2" })
    await s.is("Applied", "True")
    await s.member.delete(CONFIG_MAPS, { namespace: s.namespace, name: "a" })
    await s.holds("a", said("v2").data)
  })

  on("20: OnSpokeChange: what OCM's agent applied and somebody changed stays when ours comes after it", async (s) => {
    const text = `&{map[apiVersion:v1 data:map[k:said] kind:ConfigMap metadata:map[name:a namespace:${s.namespace}]]}`
    const annotations = { [SPEC_HASH_ANNOTATION]: createHash("md5").update(text).digest("hex") }
    await s.member.create(CONFIG_MAPS, s.configMap("a", { k: "changed" }, { annotations }))
    const ignoreFields = [{ condition: "OnSpokeChange" as const, jsonPaths: [".data.k"] }]
    const serverSideApply = { force: true, ignoreFields }
    await s.say([s.configMap("a", { k: "said" })], {
      manifestConfigs: [s.config("a", { updateStrategy: { type: "ServerSideApply", serverSideApply } })],
    })
    await s.is("Applied", "True")
    assert.deepEqual(await s.data("a"), { k: "changed" })
    await s.change({ workload: { manifests: [s.configMap("a", { k: "said anew" })] } })
    await s.holds("a", { k: "said anew" })
  })

  on("20: Update of a kind that nobody knows: what it says and no more is removed, metadata is merged", async (s) => {
    const group = `${s.namespace}.example.com`
    const thing = (spec: object): UnknownObject => ({
      apiVersion: `${group}/v1`,
      kind: "Thing",
      metadata: { namespace: s.namespace, name: "t", labels: { said: "1" } },
      spec,
    })
    const type = { group, version: "v1", resource: "things", kind: "Thing", namespaced: true }
    const key = { namespace: s.namespace, name: "t" }
    await s.say([definition(group), thing({ size: 1, colour: "red" })])
    await s.is("Applied", "True")
    await s.member.patch(type, key, { merge: { spec: { size: 2 }, metadata: { labels: { added: "1" } } } })
    await s.change({ workload: { manifests: [definition(group), thing({ size: 3 })] } })
    await s.eventually(async () => {
      const { metadata, spec } = (await s.member.get(type, key)) as UnknownObject & { spec: unknown }
      assert.deepEqual([spec, metadata.labels], [{ size: 3 }, { said: "1", added: "1" }])
    })
  })
}
