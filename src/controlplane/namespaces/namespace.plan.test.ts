import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { CONFIG_MAPS, NAMESPACES, PODS, type Namespace } from "#api/kubernetes/core.ts"
import { DEPLOYMENTS } from "#api/kubernetes/apps.ts"
import type { ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import { writesOf } from "#runtime/apply-plan.ts"
import { planNamespace, type Remaining } from "./namespace.plan.ts"

const NOW = "2026-01-02T03:04:05Z"
const EARLIER = "2026-01-02T03:00:00Z"

const newNamespace = (meta: ObjectMeta = { deletionTimestamp: EARLIER }, finalizers = ["kubernetes"]): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "ns", ...meta },
  spec: { finalizers },
})

const remaining = (type: { resource: string }, name: string, meta: ObjectMeta = {}): Remaining => ({
  type: type as Remaining["type"],
  object: { metadata: { name, namespace: "ns", uid: `uid-${name}`, ...meta } } as UnknownObject,
})
const held = (type: { resource: string }, name: string, ...finalizers: string[]) =>
  remaining(type, name, { deletionTimestamp: EARLIER, finalizers })

const deletionsOf = (namespace: Namespace, objects: readonly Remaining[]) =>
  writesOf(planNamespace(namespace, objects, NOW).actions).flatMap((w) =>
    w.do === "delete" ? [`${w.type.resource} ${w.key.namespace}/${w.key.name} ${w.uid} ${w.propagationPolicy}`] : [],
  )

const conditionsOf = (namespace: Namespace, objects: readonly Remaining[]) =>
  writesOf(planNamespace(namespace, objects, NOW).actions).flatMap((w) => {
    if (w.do !== "patch") return []
    assert.deepEqual([w.type, w.subresource, w.key], [NAMESPACES, "status", { name: "ns" }])
    return (w.patch as { status: NonNullable<Namespace["status"]> }).status.conditions ?? []
  })

describe("planNamespace", () => {
  for (const { name, namespace } of [
    { name: "one that lives is left alone", namespace: newNamespace({}) },
    { name: "one that others finalize is left to them", namespace: newNamespace(undefined, ["x/y"]) },
  ]) {
    test(name, () =>
      assert.deepEqual(planNamespace(namespace, [remaining(PODS, "a")], NOW), { actions: [], finalize: false }),
    )
  }

  test("an empty one goes", () =>
    assert.deepEqual(planNamespace(newNamespace(), [], NOW), { actions: [], finalize: true }))

  test("deletes all that is there, the object that was seen", () => {
    assert.deepEqual(deletionsOf(newNamespace(), [remaining(CONFIG_MAPS, "a"), remaining(DEPLOYMENTS, "b")]), [
      "configmaps ns/a uid-a Background",
      "deployments ns/b uid-b Background",
    ])
  })

  test("pods first: what they use stays until they have gone", () => {
    const others = [remaining(CONFIG_MAPS, "a"), remaining(DEPLOYMENTS, "b")]
    assert.deepEqual(deletionsOf(newNamespace(), [...others, remaining(PODS, "p")]), ["pods ns/p uid-p Background"])
    assert.deepEqual(deletionsOf(newNamespace(), [...others, held(PODS, "p", "x/y")]), [])
  })

  test("is not finalized while anything is left, and what goes already is not deleted again", () => {
    const plan = planNamespace(newNamespace(), [held(CONFIG_MAPS, "a", "x/y")], NOW)
    assert.equal(plan.finalize, false)
    assert.deepEqual(deletionsOf(newNamespace(), [held(CONFIG_MAPS, "a", "x/y")]), [])
  })

  test("says what holds it", () => {
    const objects = [held(CONFIG_MAPS, "a", "x/y"), held(CONFIG_MAPS, "b", "x/y", "x/a"), held(DEPLOYMENTS, "c", "x/y")]
    const conditions = conditionsOf(newNamespace(), objects)
    assert.deepEqual(
      conditions.map((c) => `${c.type}=${c.status} ${c.reason}: ${c.message}`),
      [
        "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered",
        "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed",
        "NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization",
        "NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 2 resource instances, deployments.apps has 1 resource instances",
        "NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: x/a in 1 resource instances, x/y in 3 resource instances",
      ],
    )
    assert.ok(conditions.every((c) => c.lastTransitionTime === NOW))
  })

  test("while pods wait, only that nothing has failed yet", () => {
    const pod = { ...remaining(PODS, "p"), object: held(PODS, "p", "x/y").object }
    const conditions = conditionsOf(newNamespace(), [pod, remaining(CONFIG_MAPS, "a")])
    assert.deepEqual([...new Set(conditions.map((c) => c.status))], ["False"])
    assert.equal(conditions.length, 5)
  })

  test("says it once, and keeps the time since when it is so", () => {
    const objects = [held(CONFIG_MAPS, "a", "x/y")]
    const known = conditionsOf(newNamespace(), objects).map((c) => ({ ...c, lastTransitionTime: EARLIER }))
    const namespace = { ...newNamespace(), status: { conditions: known } }
    assert.deepEqual(conditionsOf(namespace, objects), [])
    const more = conditionsOf(namespace, [...objects, held(CONFIG_MAPS, "b", "x/y")])
    assert.ok(more.length > 0)
    assert.ok(more.every((c) => c.lastTransitionTime === EARLIER))
  })

  test("what is merely on its way out is not worth a condition", () => {
    assert.deepEqual(conditionsOf(newNamespace(), [remaining(CONFIG_MAPS, "a")]), [])
  })
})
