import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { deepEqual, isJsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { jsonPatch } from "./json-patch.ts"
import { mergePatch } from "./merge-patch.ts"
import { strategicMergePatch } from "./strategic-merge-patch.ts"

const name = fc.constantFrom("a", "b", "c", "d/e", "f~g")
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(0, 1, "x", true, null),
    // Lists of scalars: upstream leaves nulls inside of a list that takes the place of an object.
    fc.array(fc.constantFrom(0, "x", null), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const object = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true })

test("mergePatch: twice is once", () => {
  fc.assert(
    fc.property(object, object, (doc, patch) => {
      const once = mergePatch(doc, patch)
      assert.deepEqual(mergePatch(once, patch), once)
    }),
  )
})

test("mergePatch: an object merged into itself stays, but for nulls", () => {
  fc.assert(fc.property(object, (doc) => assert.deepEqual(mergePatch(mergePatch(doc, doc), doc), mergePatch(doc, doc))))
})

test("mergePatch: the patch decides on every member that it names", () => {
  fc.assert(
    fc.property(object, object, (doc, patch) => {
      const merged = mergePatch(doc, patch) as { [key: string]: unknown }
      for (const key in patch) {
        if (patch[key] === null) assert.equal(Object.hasOwn(merged, key), false)
        else if (!isJsonObject(patch[key]) && !Array.isArray(patch[key])) assert.equal(merged[key], patch[key])
      }
      for (const key in doc) if (!Object.hasOwn(patch, key)) assert.ok(deepEqual(merged[key], doc[key]))
    }),
  )
})

const pointer = (key: string) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`

test("jsonPatch: adding and then removing returns", () => {
  fc.assert(
    fc.property(object, name, value, (doc, key, added) => {
      fc.pre(!Object.hasOwn(doc, key))
      const ops = [
        { op: "add", path: pointer(key), value: added },
        { op: "test", path: pointer(key), value: added },
        { op: "remove", path: pointer(key) },
      ]
      assert.deepEqual(jsonPatch(doc, ops), doc)
    }),
  )
})

test("jsonPatch: replacing every member makes one object of another", () => {
  fc.assert(
    fc.property(object, object, (from, to) => {
      const ops = [
        ...Object.keys(from)
          .filter((key) => !Object.hasOwn(to, key))
          .map((key) => ({ op: "remove", path: pointer(key) })),
        ...Object.keys(to).map((key) => ({ op: "replace", path: pointer(key), value: to[key] })),
      ]
      assert.deepEqual(jsonPatch(from, ops), to)
    }),
  )
})

const element = fc.record<{ name: string; image: string }>(
  { name: fc.constantFrom("a", "b", "c", "d"), image: fc.constantFrom("1", "2") },
  { noNullPrototype: true },
)
const elements = fc.uniqueArray(element, { selector: ({ name }) => name, maxLength: 4 })
const deployment = (containers: object[]): UnknownObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {},
  spec: { template: { spec: { containers } } },
})

type Pod = { spec: { template: { spec: { containers: { name: string }[] } } } }
const containersOf = (object: unknown) => (object as Pod).spec.template.spec.containers

test("strategicMergePatch: twice is once", () => {
  fc.assert(
    fc.property(elements, elements, (live, change) => {
      const patch = { spec: { template: { spec: { containers: change } } } }
      const once = strategicMergePatch(deployment(live), patch, DEPLOYMENT)
      assert.deepEqual(strategicMergePatch(once, patch, DEPLOYMENT), once)
    }),
  )
})

test("strategicMergePatch: every element once, and the order that was asked for", () => {
  fc.assert(
    fc.property(elements, elements, (live, change) => {
      const order = change.map(({ name }) => ({ name }))
      const patch = { spec: { template: { spec: { containers: change, "$setElementOrder/containers": order } } } }
      fc.pre(live.length + change.length > 0)
      const names = containersOf(strategicMergePatch(deployment(live), patch, DEPLOYMENT)).map(({ name }) => name)
      assert.deepEqual([...names].sort(), [...new Set([...live, ...change].map(({ name }) => name))].sort())
      const asked = change.map(({ name }) => name)
      assert.deepEqual(
        names.filter((name) => asked.includes(name)),
        asked,
      )
    }),
  )
})

test("strategicMergePatch: deleting what was added returns", () => {
  fc.assert(
    fc.property(elements, element, (live, added) => {
      fc.pre(live.length > 0 && live.every(({ name }) => name !== added.name))
      const add = { spec: { template: { spec: { containers: [added] } } } }
      const remove = { spec: { template: { spec: { containers: [{ name: added.name, $patch: "delete" }] } } } }
      const doc = deployment(live)
      assert.deepEqual(strategicMergePatch(strategicMergePatch(doc, add, DEPLOYMENT), remove, DEPLOYMENT), doc)
    }),
  )
})
