// Our CRDs beside the published ones of Open Cluster Management: equal in all that decides what is accepted and shown.
import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { hubCrds, memberCrds } from "#api/crds.ts"
import { isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { REFERENCE_DATA } from "../support/workloads.ts"

/** Where ours differ on purpose: CRD name and path -> why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map(
  [
    "managedclusters.cluster.open-cluster-management.io",
    "managedclustersetbindings.cluster.open-cluster-management.io",
    "manifestworks.work.open-cluster-management.io",
    "clusterclaims.cluster.open-cluster-management.io",
  ].map((crd) => [
    `${crd} .versions[0].schema.openAPIV3Schema.properties.spec.default`,
    "An object without a spec gets an empty one, and with it the defaults of its fields, as Go's programs write it",
  ]),
)

/** What does not change what a server accepts or shows. */
const TEXT = new Set(["description"])
/** Order has no meaning in these lists. */
const SETS = new Set(["required", "enum", "shortNames", "x-kubernetes-list-map-keys"])

const skip = REFERENCE_DATA === undefined && "HAWSER_REFERENCE_DATA is not set: the published CRDs are outside data"

test("our CRDs equal the published ones but for their texts", { skip }, () => {
  const published = readPublished(join(REFERENCE_DATA!, "crds"))
  const found = new Map<string, string>()
  for (const crd of [...hubCrds(), ...memberCrds()]) {
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

function readPublished(folder: string): ReadonlyMap<string, UnknownObject> {
  const documents = readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseYamlDocuments(readFileSync(join(folder, file), "utf8")) as UnknownObject[])
  return new Map(documents.map((crd) => [crd.metadata.name ?? "", crd]))
}

/** The part of a CRD that decides something, in one order. */
function comparable(crd: UnknownObject): unknown {
  const { preserveUnknownFields, ...spec } = crd["spec"] as Record<string, unknown>
  assert.ok(preserveUnknownFields === undefined || preserveUnknownFields === false)
  return normal(spec)
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
