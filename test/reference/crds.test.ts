// Our CRDs beside the published ones of Open Cluster Management: equal in all that decides what is accepted and shown.
import assert from "node:assert/strict"
import { test } from "node:test"
import { hubCrds, memberCrds } from "#api/crds.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { readPublished } from "../support/published-crds.ts"
import { REFERENCE_DATA } from "../support/workloads.ts"

/** Where ours differ on purpose: CRD name and path -> why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ...[
    "managedclusters.cluster.open-cluster-management.io .versions.v1",
    "managedclustersetbindings.cluster.open-cluster-management.io .versions.v1beta2",
    "manifestworks.work.open-cluster-management.io .versions.v1",
    "clusterclaims.cluster.open-cluster-management.io .versions.v1alpha1",
  ].map((version): [string, string] => [
    `${version}.schema.openAPIV3Schema.properties.spec.default`,
    "An object without a spec gets an empty one, and with it the defaults of its fields, as Go's programs write it",
  ]),
  ...[".versions.v1alpha1", ".versions.v1beta1.storage", ".conversion"].map((path): [string, string] => [
    `managedclusteraddons.addon.open-cluster-management.io ${path}`,
    "Only the version that today's agents use is served; the older one needs a webhook that converts",
  ]),
])

/** What does not change what a server accepts or shows. */
const TEXT = new Set(["description"])
/** Order has no meaning in these lists. */
const SETS = new Set(["required", "enum", "shortNames", "x-kubernetes-list-map-keys"])

const skip = REFERENCE_DATA === undefined && "HAWSER_REFERENCE_DATA is not set: the published CRDs are outside data"

test("our CRDs equal the published ones but for their texts", { skip }, () => {
  const published = readPublished(REFERENCE_DATA!)
  const found = new Map<string, string>()
  for (const crd of [...hubCrds({ clusterProfiles: true }), ...memberCrds()]) {
    const name = crd.metadata.name ?? ""
    const reference = published.get(name)
    assert.ok(reference !== undefined, `${name} is not among the published CRDs`)
    for (const [path, text] of differences(comparable(crd), comparable(reference))) found.set(`${name} ${path}`, text)
  }
  const unexplained = [...found].filter(([where]) => !DIFFERENCES.has(where))
  assert.deepEqual(
    unexplained.map(([where, text]) => `${where}: ${text}`),
    [],
  )
  assert.deepEqual(
    [...DIFFERENCES.keys()].filter((where) => !found.has(where)),
    [],
    "listed differences that are none",
  )
})

/** The part of a CRD that decides something, in one order. */
function comparable(crd: UnknownObject): unknown {
  const { preserveUnknownFields, ...spec } = crd["spec"] as Record<string, unknown>
  assert.ok(preserveUnknownFields === undefined || preserveUnknownFields === false)
  const versions = (spec["versions"] as { name: string }[]).map((version) => [version.name, version])
  return normal({ ...spec, versions: Object.fromEntries(versions) })
}

function normal(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item))
    return SETS.has(field) ? items.toSorted() : items
  }
  if (!isJsonObject(value)) return value
  const isNameMap = field === "properties"
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNameMap || !TEXT.has(key))
      .map(([key, member]) => [key, normal(member, isNameMap ? "" : key)]),
  )
}

function* differences(ours: unknown, theirs: unknown, path = ""): Generator<[path: string, text: string]> {
  if (isJsonObject(ours) && isJsonObject(theirs)) {
    for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)]))
      yield* differences(ours[key], theirs[key], `${path}.${key}`)
  } else if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
    for (const [i, item] of ours.entries()) yield* differences(item, theirs[i], `${path}[${i}]`)
  } else if (JSON.stringify(ours) !== JSON.stringify(theirs))
    yield [path, `ours is ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`]
}
