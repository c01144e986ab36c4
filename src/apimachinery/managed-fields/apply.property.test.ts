import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema } from "#apimachinery/openapi.ts"
import { customKind } from "#apimachinery/testing/workload-schema.ts"
import { applyPatch } from "./apply.ts"
import { parseFieldsV1 } from "./field-set.ts"
import { updateManagedFields } from "./update.ts"

const TEXT: JsonSchema = { type: "string" }
const SCHEMA = customKind({
  type: "object",
  properties: {
    text: TEXT,
    labels: { type: "object", additionalProperties: TEXT },
    set: { type: "array", items: TEXT, "x-kubernetes-list-type": "set" },
    atomic: { type: "array", items: TEXT },
    items: {
      type: "array",
      items: { type: "object", properties: { name: TEXT, value: TEXT } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    },
  },
})

const key = fc.constantFrom("a", "b", "c")
const text = fc.constantFrom("1", "2")
const spec = fc.record(
  {
    text,
    labels: fc.dictionary(key, text, { noNullPrototype: true, minKeys: 1 }),
    set: fc.uniqueArray(key, { minLength: 1 }),
    atomic: fc.array(text, { minLength: 1, maxLength: 2 }),
    items: fc.uniqueArray(fc.record({ name: key, value: text }, { requiredKeys: ["name"], noNullPrototype: true }), {
      selector: ({ name }) => name,
      minLength: 1,
    }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

function apply(
  live: UnknownObject | undefined,
  content: object | undefined,
  manager: string,
  force: boolean,
): UnknownObject {
  const config: UnknownObject = {
    apiVersion: "x/v1",
    kind: "X",
    metadata: { name: "x" },
    ...(content === undefined ? {} : { spec: content }),
  }
  const { object } = applyPatch({ live, config, schema: SCHEMA, manager, force, nowMs: 0, apiVersion: "x/v1" })
  return { ...object, metadata: { ...object.metadata, uid: "u" } }
}

/** Without what is empty: objects that lost their last member are null here, and sets may be empty. */
function content(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(content)
  if (typeof value !== "object" || value === null) return value ?? undefined
  const members = Object.entries(value).flatMap(([name, member]) => {
    const kept = content(member)
    return kept === undefined ? [] : [[name, kept] as const]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

test("applyPatch: twice is once", () => {
  fc.assert(
    fc.property(spec, spec, (other, config) => {
      const live = apply(undefined, other, "other", false)
      const once = apply(live, config, "m", true)
      assert.deepEqual(apply(once, config, "m", true), once)
    }),
  )
})

test("applyPatch: applying and then applying nothing returns, where nobody lost a field", () => {
  fc.assert(
    fc.property(spec, spec, (other, config) => {
      const live = apply(undefined, other, "other", false)
      let merged: UnknownObject
      try {
        merged = apply(live, config, "m", false)
      } catch {
        return // A conflict: the order of elements and values of the other manager would change for good.
      }
      const after = apply(merged, undefined, "m", false)
      const sorted = (object: UnknownObject) =>
        JSON.stringify(content(object["spec"]), (_, v: unknown) =>
          Array.isArray(v)
            ? [...v].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
            : v && typeof v === "object"
              ? Object.fromEntries(Object.entries(v).sort())
              : v,
        )
      assert.equal(sorted(after), sorted(live))
      assert.deepEqual(after.metadata.managedFields, live.metadata.managedFields)
    }),
  )
})

test("applyPatch: what was applied is there, and all of it is owned", () => {
  fc.assert(
    fc.property(spec, spec, (other, config) => {
      const object = apply(apply(undefined, other, "other", false), config, "m", true)
      const fields = parseFieldsV1(object.metadata.managedFields?.find(({ manager }) => manager === "m")?.fieldsV1)
      const result = (object["spec"] ?? {}) as { labels?: object; items?: { name: string }[] } & {
        [name: string]: unknown
      }
      for (const [name, value] of Object.entries(config)) {
        if (name === "text" || name === "atomic") assert.ok(deepEqual(result[name], value))
        if (name === "text" || name === "atomic") assert.ok(fields.has(["f:spec", `f:${name}`]))
      }
      for (const [name, value] of Object.entries(config.labels ?? {})) {
        assert.equal((result.labels as { [name: string]: unknown })[name], value)
      }
      for (const item of config.items ?? []) {
        assert.ok(fields.has(["f:spec", "f:items", `k:${JSON.stringify({ name: item.name })}`]))
        assert.equal(result.items?.filter(({ name }) => name === item.name).length, 1)
      }
    }),
  )
})

test("applyPatch: without force no field of another manager changes", () => {
  fc.assert(
    fc.property(spec, spec, (other, config) => {
      const live = apply(undefined, other, "other", false)
      try {
        const entries = apply(live, config, "m", false).metadata.managedFields
        assert.deepEqual(
          entries?.filter(({ manager }) => manager === "other"),
          live.metadata.managedFields,
        )
      } catch (error) {
        if ((error as { reason?: string }).reason !== "Conflict") throw error
      }
    }),
  )
})

test("updateManagedFields: nobody is left who owns what another one wrote", () => {
  fc.assert(
    fc.property(spec, spec, (first, second) => {
      const before = apply(undefined, first, "m1", false)
      const after = { ...before, spec: second } as UnknownObject
      const entries = updateManagedFields({
        before,
        after,
        schema: SCHEMA,
        manager: "m2",
        nowMs: 0,
        apiVersion: "x/v1",
      })
      const [applied, updated] = ["m1", "m2"].map((name) =>
        parseFieldsV1(entries.find(({ manager }) => manager === name)?.fieldsV1),
      )
      assert.ok(applied!.intersection(updated!).isEmpty)
    }),
  )
})
