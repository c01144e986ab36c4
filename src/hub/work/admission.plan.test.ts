import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManifestWork } from "#api/work/v1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { checkManifestWork } from "./admission.plan.ts"

const config = (name: string, more: Record<string, unknown> = {}): UnknownObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "n" },
  ...more,
})
/** A manifest of exactly so many bytes as JSON. */
const ofBytes = (bytes: number): UnknownObject => {
  const empty = config("big", { data: { text: "" } })
  return config("big", { data: { text: "x".repeat(bytes - JSON.stringify(empty).length) } })
}
const runAs = (name: string): ManifestWork["spec"]["executor"] => ({
  subject: { type: "ServiceAccount", serviceAccount: { namespace: "apps", name } },
})
const work = (manifests: UnknownObject[], executor?: ManifestWork["spec"]["executor"], name = "w"): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { name, namespace: "c1" },
  spec: { workload: { manifests }, ...(executor === undefined ? {} : { executor }) },
})

const LIMIT = 500 * 1024
const good = work([config("a")])

for (const { name, object, before, want } of [
  { name: "good", object: good },
  { name: "nothing in it", object: work([]), want: /should not be empty/ },
  { name: "as large as may be", object: work([ofBytes(LIMIT)]) },
  { name: "a byte larger", object: work([ofBytes(LIMIT + 1)]), want: /is 512001 bytes which exceeds the 512000 limit/ },
  { name: "a manifest without a name", object: work([config("")]), want: /name must be set/ },
  {
    name: "a manifest whose name is generated",
    object: work([config("a", { metadata: { name: "a", generateName: "b-" } })]),
    want: /generateName must not be set/,
  },
  {
    name: "the same manifest twice",
    object: work([config("a"), config("b"), config("a")]),
    want: /duplicated.* n\/a$/,
  },
  {
    name: "the same name in two namespaces",
    object: work([config("a"), config("a", { metadata: { name: "a", namespace: "m" } })]),
  },
  { name: "as long a name as may be", object: work([config("a")], undefined, "w".repeat(188)) },
  { name: "a longer name", object: work([config("a")], undefined, "w".repeat(189)), want: /189 characters/ },
  { name: "an executor that the user may be", object: work([config("a")], runAs("mine")) },
  {
    name: "an executor that the user may not be",
    object: work([config("a")], runAs("other")),
    want: /user ann cannot manipulate the Manifestwork with executor apps\/other in namespace c1/,
  },
  {
    name: "changed beside an executor of somebody else",
    object: work([config("b")], runAs("other")),
    before: work([config("a")], runAs("other")),
  },
  {
    name: "given an executor later",
    object: work([config("a")], runAs("other")),
    before: good,
    want: /cannot manipulate/,
  },
  {
    name: "an executor that is nobody",
    object: work([config("a")], { subject: { type: "ServiceAccount" } }),
    want: /can not be nil/,
  },
] as { name: string; object: ManifestWork; before?: ManifestWork; want?: RegExp }[]) {
  test(`checkManifestWork: ${name}`, () => {
    const refusal = checkManifestWork({
      object,
      before,
      user: { name: "ann" },
      mayUser: ({ verb, name: who, namespace }) =>
        verb === "execute-as" && namespace === "c1" && who === "system:serviceaccount:apps:mine",
      nowMs: 0,
    })
    if (want === undefined) assert.equal(refusal, undefined)
    else {
      assert.equal(refusal?.reason, "BadRequest")
      assert.match(refusal.message, want)
    }
  })
}
