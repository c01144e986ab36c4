import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { OwnerReference, UnknownObject } from "#apimachinery/meta.ts"
import { PlannedWorld } from "#runtime/testing/planned-world.ts"
import { isLeavingLast, planGarbage, type Located, type OwnerState } from "./garbage.plan.ts"

const COUNT = 8
const TYPE = CONFIG_MAPS as Located["type"]
const nameOf = (i: number) => `o${i}`
const keyOf = (i: number) => ({ namespace: "ns", name: nameOf(i) })

/** Who owns whom, rings included; an owner from COUNT on has never been there. */
const edges = fc.uniqueArray(
  fc.record({ owner: fc.nat(COUNT + 1), dependent: fc.nat(COUNT - 1), blocks: fc.boolean() }),
  { selector: (e) => `${e.owner}>${e.dependent}`, maxLength: 14 },
)
type Edges = typeof edges extends fc.Arbitrary<infer T> ? T : never
const policies = fc.constantFrom("Background" as const, "Foreground" as const, "Orphan" as const)
const deletions = fc.array(fc.record({ target: fc.nat(COUNT - 1), policy: policies }), { maxLength: 3 })

function newWorld(all: Edges): PlannedWorld {
  const world = new PlannedWorld("2026-01-02T03:04:05Z")
  for (let i = 0; i < COUNT; i++) {
    const ownerReferences = all
      .filter((e) => e.dependent === i)
      .map(({ owner, blocks }): OwnerReference => {
        const name = nameOf(owner)
        return { apiVersion: "v1", kind: "ConfigMap", name, uid: `uid-${name}`, blockOwnerDeletion: blocks }
      })
    const metadata = { ...keyOf(i), uid: `uid-${nameOf(i)}`, ownerReferences }
    world.put(TYPE, { apiVersion: "v1", kind: "ConfigMap", metadata })
  }
  return world
}

/** One look at every object in this order. @returns whether something was done */
function collect(world: PlannedWorld, order: readonly number[], watch: (object: UnknownObject) => void): boolean {
  let busy = false
  const stateOf = ({ name }: OwnerReference): OwnerState => {
    const found = world.get(TYPE, { namespace: "ns", name })
    return found === undefined ? "dangling" : isLeavingLast(found) ? "waiting" : "solid"
  }
  for (const i of order) {
    const object = world.get(TYPE, keyOf(i))
    if (object === undefined) continue
    const dependents = world
      .list(TYPE)
      .filter((other) => other.metadata.ownerReferences?.some((o) => o.uid === object.metadata.uid))
      .map((other) => ({ type: TYPE, object: other }))
    const { actions } = planGarbage({ type: TYPE, object, dependents, ownerState: stateOf })
    busy ||= actions.length > 0
    for (const action of actions) if (action.do === "delete") watch(object)
    world.carryOut(actions)
  }
  return busy
}

const seen = fc.shuffledSubarray(
  Array.from({ length: COUNT }, (_, i) => i),
  { minLength: COUNT },
)

test("planGarbage: in any order, nothing with a living owner is deleted, nothing without one stays, and it comes to an end", () => {
  fc.assert(
    fc.property(edges, deletions, seen, (all, steps, order) => {
      const world = newWorld(all)
      const isLiving = (o: OwnerReference) => {
        const found = world.get(TYPE, { namespace: "ns", name: o.name })
        return found !== undefined && !isLeavingLast(found)
      }
      const settle = () => {
        for (let pass = 0; ; pass++) {
          assert.ok(pass < 50, "it does not come to an end")
          const watch = ({ metadata }: UnknownObject) =>
            assert.ok(
              !metadata.ownerReferences?.some(isLiving),
              `${metadata.name} is deleted, and has an owner that lives`,
            )
          if (!collect(world, order, watch)) return
        }
      }
      settle()
      for (const { target, policy } of steps) {
        world.carryOut([{ do: "delete", type: TYPE, key: keyOf(target), propagationPolicy: policy }])
        settle()
        assert.equal(world.get(TYPE, keyOf(target)), undefined, "what was deleted is still there")
      }
      for (const { metadata } of world.list(TYPE)) {
        assert.equal(metadata.deletionTimestamp, undefined, `${metadata.name} is stuck`)
        for (const o of metadata.ownerReferences ?? []) assert.ok(isLiving(o), `${metadata.name} has a dead owner`)
      }
    }),
    { numRuns: 300 },
  )
})

test("planGarbage: an orphan stays as long as nobody else deletes it", () => {
  fc.assert(
    fc.property(edges, fc.nat(COUNT - 1), seen, (all, target, order) => {
      const world = newWorld(all.filter((e) => e.owner < COUNT))
      world.carryOut([{ do: "delete", type: TYPE, key: keyOf(target), propagationPolicy: "Orphan" }])
      while (collect(world, order, () => undefined));
      assert.equal(world.list(TYPE).length, COUNT - 1)
    }),
    { numRuns: 100 },
  )
})
