import assert from "node:assert/strict"
import { test } from "node:test"
import type { FieldsV1, ManagedFieldsEntry, UnknownObject } from "#apimachinery/meta.ts"
import type { JsonSchema, KindSchema } from "#apimachinery/openapi.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import { customKind, DEPLOYMENT } from "#apimachinery/testing/workload-schema.ts"
import { applyPatch, type ApplyArguments } from "./apply.ts"
import { updateManagedFields } from "./update.ts"

const T0 = "2026-01-01T00:00:00Z"
const T1 = "2026-01-01T00:01:00Z"
const T2 = "2026-01-01T00:02:00Z"

type Options = Partial<Omit<ApplyArguments, "live" | "config" | "manager" | "nowMs">> & { readonly at?: string }

/** Applies `content` as `manager`. The object is stored: it has a uid from then on. */
function apply(
  live: UnknownObject | undefined,
  content: object,
  manager: string,
  options: Options = {},
): UnknownObject {
  const { at = T0, ...rest } = options
  const schema = "schema" in rest ? rest.schema : DEPLOYMENT
  const apiVersion = schema === DEPLOYMENT ? "apps/v1" : "x.io/v1"
  const config = {
    apiVersion,
    kind: schema === DEPLOYMENT ? "Deployment" : "X",
    metadata: { name: "x", namespace: "n" },
    ...content,
  }
  const before = structuredClone({ live, config })
  const { object } = applyPatch({
    live,
    config,
    manager,
    force: false,
    nowMs: Date.parse(at),
    apiVersion,
    ...rest,
    schema,
  })
  assert.deepEqual({ live, config }, before)
  return { ...object, metadata: { uid: "u", ...object.metadata } }
}

const managersOf = (object: UnknownObject) =>
  (object.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`)

const fieldsOf = (object: UnknownObject, manager: string): FieldsV1 | undefined =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1

function conflictOf(action: () => unknown): StatusError {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof StatusError)
    return error
  }
  return assert.fail("no conflict")
}

const withContainers = (...containers: object[]) => ({ spec: { template: { spec: { containers } } } })
const containersOf = (object: UnknownObject) =>
  (object["spec"] as { template: { spec: { containers: unknown[] } } }).template.spec.containers

test("applyPatch: creates, and books exactly what was said", () => {
  const object = apply(
    undefined,
    { spec: { replicas: 1, ...withContainers({ name: "a", ports: [{ containerPort: 80 }] }).spec } },
    "m",
  )
  assert.deepEqual(object["spec"], {
    replicas: 1,
    template: { spec: { containers: [{ name: "a", ports: [{ containerPort: 80 }] }] } },
  })
  assert.deepEqual(object.metadata.managedFields, [
    {
      manager: "m",
      operation: "Apply",
      apiVersion: "apps/v1",
      time: T0,
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:spec": {
          "f:replicas": {},
          "f:template": {
            "f:spec": {
              "f:containers": {
                'k:{"name":"a"}': {
                  ".": {},
                  "f:name": {},
                  "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
                },
              },
            },
          },
        },
      },
    } satisfies ManagedFieldsEntry,
  ])
})

test("applyPatch: the same again changes nothing, not even the time", () => {
  const first = apply(undefined, { spec: { replicas: 1 } }, "m")
  assert.deepEqual(apply(first, { spec: { replicas: 1 } }, "m", { at: T1 }), first)
})

test("applyPatch: what is no longer applied goes, unless others own it", () => {
  const first = apply(undefined, withContainers({ name: "a", image: "1" }, { name: "b", image: "1" }), "m")
  const shared = apply(first, withContainers({ name: "b", image: "1" }), "other", { at: T1 })
  const after = apply(shared, { spec: { replicas: 2 } }, "m", { at: T2 })
  assert.deepEqual(containersOf(after), [{ name: "b", image: "1" }])
  assert.deepEqual(fieldsOf(after, "m"), { "f:spec": { "f:replicas": {} } })
})

test("applyPatch: who applies nothing any more owns nothing", () => {
  const first = apply(undefined, { spec: { replicas: 1 } }, "m")
  const after = apply(first, {}, "m", { at: T1 })
  assert.deepEqual(after.metadata, { name: "x", namespace: "n", uid: "u" })
  assert.equal((after["spec"] as { replicas?: number } | undefined)?.replicas, undefined)
})

test("applyPatch: the same value is shared, another one is a conflict", () => {
  const first = apply(undefined, { spec: { replicas: 1 } }, "m1")
  const shared = apply(first, { spec: { replicas: 1 } }, "m2")
  assert.deepEqual(managersOf(shared), ["m2 Apply", "m1 Apply"])
  const error = conflictOf(() => apply(first, { spec: { replicas: 2 } }, "m2"))
  assert.equal(error.code, 409)
  assert.equal(error.reason, "Conflict")
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "m1": .spec.replicas')
  assert.deepEqual(error.status.details, {
    causes: [{ reason: "FieldManagerConflict", message: 'conflict with "m1"', field: ".spec.replicas" }],
  })
})

test("applyPatch: several conflicts are told by owner", () => {
  const first = apply(undefined, withContainers({ name: "c", image: "1" }), "m1")
  const changed = structuredClone(first)
  changed["spec"] = { ...(changed["spec"] as object), replicas: 5 }
  changed.metadata.managedFields = updateManagedFields({
    before: first,
    after: changed,
    schema: DEPLOYMENT,
    manager: "kubectl-edit",
    nowMs: Date.parse(T1),
    apiVersion: "apps/v1",
  })
  const config = { spec: { replicas: 1, ...withContainers({ name: "c", image: "2" }).spec } }
  const error = conflictOf(() => apply(changed, config, "m2"))
  assert.equal(
    error.message,
    'Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1:\n- .spec.replicas\nconflicts with "m1":\n- .spec.template.spec.containers[name="c"].image',
  )
})

test("applyPatch: force takes fields from their owners", () => {
  const first = apply(undefined, { spec: { replicas: 1, paused: true } }, "m1")
  const taken = apply(first, { spec: { replicas: 2 } }, "m2", { force: true, at: T1 })
  assert.equal((taken["spec"] as { replicas: number }).replicas, 2)
  assert.deepEqual(fieldsOf(taken, "m1"), { "f:spec": { "f:paused": {} } })
  assert.deepEqual(fieldsOf(taken, "m2"), { "f:spec": { "f:replicas": {} } })
})

test("applyPatch: an object that was never tracked is booked before the first apply", () => {
  const live: UnknownObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x", namespace: "n", uid: "u", labels: { a: "b" } },
    spec: { replicas: 1 },
  }
  const applied = apply(live, { spec: { replicas: 1 } }, "m")
  assert.deepEqual(managersOf(applied), ["m Apply", "before-first-apply Update"])
  assert.deepEqual(fieldsOf(applied, "before-first-apply"), {
    "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
    "f:spec": { ".": {}, "f:replicas": {} },
  })
})

test("applyPatch: new elements come in the order of the configuration, the server's own stay between", () => {
  const live = apply(undefined, withContainers({ name: "a" }, { name: "side" }, { name: "b" }), "m1")
  const merged = apply(live, withContainers({ name: "b" }, { name: "new" }, { name: "a" }), "m2")
  assert.deepEqual(containersOf(merged), [{ name: "side" }, { name: "b" }, { name: "new" }, { name: "a" }])
})

test("applyPatch: atomic lists and maps are owned and replaced as a whole", () => {
  const pod = (nodeSelector: object, ...tolerations: object[]) => ({
    spec: { template: { spec: { nodeSelector, tolerations } } },
  })
  const first = apply(undefined, pod({ a: "1" }, { key: "x" }), "m1")
  const error = conflictOf(() => apply(first, pod({ b: "1" }, { key: "y" }), "m2"))
  assert.deepEqual(
    error.status.details?.causes?.map(({ field }) => field),
    [".spec.template.spec.nodeSelector", ".spec.template.spec.tolerations"],
  )
  const taken = apply(first, pod({ b: "1" }, { key: "y" }), "m2", { force: true })
  assert.deepEqual((taken["spec"] as { template: { spec: unknown } }).template.spec, {
    nodeSelector: { b: "1" },
    tolerations: [{ key: "y" }],
  })
  assert.equal(fieldsOf(taken, "m1"), undefined)
})

test("applyPatch: finalizers are a set", () => {
  const first = apply(undefined, { metadata: { name: "x", namespace: "n", finalizers: ["f/a"] } }, "m1")
  const second = apply(first, { metadata: { name: "x", namespace: "n", finalizers: ["f/b"] } }, "m2")
  assert.deepEqual(second.metadata.finalizers, ["f/a", "f/b"])
  assert.deepEqual(fieldsOf(second, "m2"), { "f:metadata": { "f:finalizers": { 'v:"f/b"': {} } } })
  const third = apply(second, { metadata: { name: "x", namespace: "n" } }, "m1")
  assert.deepEqual(third.metadata.finalizers, ["f/b"])
})

test("applyPatch: nobody owns what says which object it is", () => {
  const object = apply(undefined, { metadata: { name: "x", namespace: "n", uid: "u", labels: { a: "b" } } }, "m")
  assert.deepEqual(fieldsOf(object, "m"), { "f:metadata": { "f:labels": { "f:a": {} } } })
})

test("applyPatch: reset fields are written by another path of the API", () => {
  const config = { spec: { replicas: 1 }, status: { readyReplicas: 3 } }
  const object = apply(undefined, config, "m", { resetFields: [["status"]] })
  assert.deepEqual(fieldsOf(object, "m"), { "f:spec": { "f:replicas": {} } })
})

test("applyPatch: subresources are apart", () => {
  const first = apply(undefined, { spec: { replicas: 1 } }, "m")
  const second = apply(first, { status: { readyReplicas: 1 } }, "m", { subresource: "status" })
  assert.deepEqual(
    second.metadata.managedFields?.map(({ manager, subresource }) => [manager, subresource]),
    [
      ["m", undefined],
      ["m", "status"],
    ],
  )
})

for (const { name, content, code, message } of [
  {
    name: "an unknown field",
    content: { spec: { replcias: 1 } },
    code: 500,
    message:
      "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.replcias: field not declared in schema",
  },
  {
    name: "values of the wrong type",
    content: { spec: { replicas: "1", paused: 1 } },
    code: 500,
    message:
      "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: expected boolean, got &{1}",
  },
  {
    name: "an element twice",
    content: withContainers({ name: "a" }, { name: "a" }),
    code: 500,
    message:
      'failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
  },
  {
    name: "managed fields",
    content: { metadata: { name: "x", managedFields: [] } },
    code: 400,
    message: "metadata.managedFields must be nil",
  },
  {
    name: "another version",
    content: { apiVersion: "apps/v2" },
    code: 400,
    message: "Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1",
  },
]) {
  test(`applyPatch refuses ${name}`, () => {
    assert.throws(() => apply(undefined, content, "m"), { code, message })
  })
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

test("applyPatch: kubectl takes over what it applied on the client side", () => {
  const lastApplied = JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x" },
    spec: { replicas: 1 },
  })
  const live: UnknownObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x", namespace: "n", uid: "u", annotations: { [LAST_APPLIED]: lastApplied } },
    spec: { replicas: 1, paused: true },
  }
  const taken = apply(live, { spec: { replicas: 2 } }, "kubectl")
  assert.equal((taken["spec"] as { replicas: number }).replicas, 2)
  assert.equal(
    taken.metadata.annotations?.[LAST_APPLIED],
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","namespace":"n"},"spec":{"replicas":2}}\n',
  )
  assert.throws(() => apply(live, { spec: { replicas: 2 } }, "somebody-else"), { code: 409 })
  assert.throws(() => apply(live, { spec: { paused: false } }, "kubectl"), { code: 409 })
})

const TEXT: JsonSchema = { type: "string" }
const custom = (properties: { [name: string]: JsonSchema }): KindSchema => customKind({ type: "object", properties })

test("applyPatch refuses an element without its key", () => {
  const items: JsonSchema = { type: "object", properties: { name: TEXT } }
  const schema = custom({
    l: { type: "array", items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
  })
  assert.throws(() => apply(undefined, { spec: { l: [{}] } }, "m", { schema }), {
    code: 500,
    message:
      'failed to create typed patch object (n/x; x.io/v1, Kind=X): .spec.l: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
  })
})

test("applyPatch: fields of which no schema knows merge by member, lists as a whole", () => {
  for (const schema of [
    undefined,
    custom({ free: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }),
  ]) {
    const first = apply(undefined, { spec: { free: { a: { x: 1 }, list: [1] } } }, "m1", { schema })
    const second = apply(first, { spec: { free: { a: { y: 2 } } } }, "m2", { schema })
    assert.deepEqual(second["spec"], { free: { a: { x: 1, y: 2 }, list: [1] } })
    assert.throws(() => apply(second, { spec: { free: { list: [2] } } }, "m2", { schema }), {
      message: /\.spec\.free\.list$/,
    })
  }
})

test("applyPatch: what was owned by member is owned as a whole once the schema says atomic", () => {
  const granular = custom({ map: { type: "object", additionalProperties: TEXT } })
  const atomic = custom({ map: { type: "object", additionalProperties: TEXT, "x-kubernetes-map-type": "atomic" } })
  const first = apply(undefined, { spec: { map: { a: "1" } } }, "m1", { schema: granular })
  assert.deepEqual(fieldsOf(first, "m1"), { "f:spec": { "f:map": { "f:a": {} } } })
  const error = conflictOf(() => apply(first, { spec: { map: { b: "1" } } }, "m2", { schema: atomic }))
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "m1": .spec.map')
})

test("applyPatch: a custom resource's emptied objects are null until defaults are filled in", () => {
  const schema = custom({ obj: { type: "object", properties: { a: TEXT } }, kept: TEXT })
  const first = apply(undefined, { spec: { obj: { a: "1" } } }, "m1", { schema })
  const second = apply(first, { spec: { kept: "x" } }, "m2", { schema })
  assert.deepEqual(apply(second, {}, "m1", { schema })["spec"], { kept: "x" })
})
