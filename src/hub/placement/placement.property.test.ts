import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import { PLACEMENT_DECISIONS, PLACEMENTS, type Placement } from "#api/cluster/v1beta1.ts"
import { formatTime } from "#lib/clock.ts"
import { PlannedWorld } from "#runtime/testing/planned-world.ts"
import { clustersOf } from "./decisions.plan.ts"
import { planPlacement } from "./placement.plan.ts"
import { newCluster, newPlacement, NOW_MS, observe } from "./testing/objects.ts"

type Shape = {
  readonly name: number
  readonly tier: "gold" | "tin"
  readonly set: "default" | "other"
  readonly taint?: "NoSelect" | "NoSelectIfNew" | "PreferNoSelect" | undefined
  readonly leaving: boolean
  readonly load: number
}

const shape: fc.Arbitrary<Shape> = fc.record({
  name: fc.nat(400),
  tier: fc.constantFrom("gold" as const, "tin" as const),
  set: fc.oneof({ weight: 9, arbitrary: fc.constant("default" as const) }, fc.constant("other" as const)),
  taint: fc.option(fc.constantFrom("NoSelect" as const, "NoSelectIfNew" as const, "PreferNoSelect" as const), {
    nil: undefined,
    freq: 5,
  }),
  leaving: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  load: fc.nat(3),
})
const nameOf = ({ name }: Shape) => `c${String(name).padStart(3, "0")}`
const clusterOf = (s: Shape): ManagedCluster =>
  newCluster(nameOf(s), {
    meta: {
      labels: { tier: s.tier, "cluster.open-cluster-management.io/clusterset": s.set },
      ...(s.leaving ? { deletionTimestamp: formatTime(NOW_MS) } : {}),
    },
    spec: s.taint === undefined ? {} : { taints: [{ key: "k", effect: s.taint }] },
  })
const fleet = fc.uniqueArray(shape, { selector: (s) => s.name, maxLength: 260, size: "max" })

const spec: fc.Arbitrary<Placement["spec"]> = fc
  .record({
    numberOfClusters: fc.option(fc.integer({ min: -1, max: 270 }), { nil: undefined }),
    goldOnly: fc.boolean(),
    canary: fc.boolean(),
    clustersPerDecisionGroup: fc.constantFrom<number | string>("100%", "40%", 1, 7, 120),
    steady: fc.constantFrom(0, 1, 3),
  })
  .map(({ numberOfClusters, goldOnly, canary, clustersPerDecisionGroup, steady }) => ({
    ...(numberOfClusters === undefined ? {} : { numberOfClusters }),
    ...(goldOnly
      ? { predicates: [{ requiredClusterSelector: { labelSelector: { matchLabels: { tier: "gold" } } } }] }
      : {}),
    decisionStrategy: {
      groupStrategy: {
        clustersPerDecisionGroup,
        ...(canary
          ? {
              decisionGroups: [
                { groupName: "canary", groupClusterSelector: { labelSelector: { matchLabels: { tier: "tin" } } } },
              ],
            }
          : {}),
      },
    },
    prioritizerPolicy: {
      configurations: [{ scoreCoordinate: { type: "BuiltIn" as const, builtIn: "Steady" }, weight: steady }],
    },
  }))

/** Everything that a Placement reads, and what its plans made of it. */
class Scene {
  readonly world = new PlannedWorld(formatTime(NOW_MS))

  constructor() {
    this.world.put(PLACEMENTS as never, newPlacement())
  }

  decisions() {
    return this.world.list(PLACEMENT_DECISIONS)
  }

  chosen(): string[] {
    return this.decisions().flatMap((d) => clustersOf(d))
  }

  plan(shapes: readonly Shape[], wanted: Placement["spec"]) {
    const found = this.world.get(PLACEMENTS, { namespace: "apps", name: "p" })!
    const load = new Map(shapes.map((s) => [nameOf(s), s.load]))
    return planPlacement(
      observe({
        placement: { ...found, spec: wanted },
        clusters: shapes.map(clusterOf),
        decisions: this.decisions(),
        otherDecisions: (cluster) => load.get(cluster) ?? 0,
      }),
    )
  }

  /** Plans and writes until there is nothing to write. */
  settle(shapes: readonly Shape[], wanted: Placement["spec"], afterEach?: () => void): void {
    for (let pass = 0; pass < 3; pass++) {
      const { actions } = this.plan(shapes, wanted)
      if (actions.length === 0) return
      this.world.carryOut(actions, afterEach)
    }
    assert.fail("the plans do not come to an end")
  }
}

/** Whether the cluster may be chosen at all, said in another way than the code says it. */
function isEligible(s: Shape, wanted: Placement["spec"], chosenBefore: ReadonlySet<string>): boolean {
  if (s.leaving || s.set !== "default" || s.taint === "NoSelect") return false
  if (s.taint === "NoSelectIfNew" && !chosenBefore.has(nameOf(s))) return false
  return wanted.predicates === undefined || s.tier === "gold"
}

test("planPlacement: chooses as many as it may of those that it may, each once, at most 100 in an object", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fleet, spec), { minLength: 1, maxLength: 3 }), (steps) => {
      const scene = new Scene()
      for (const [shapes, wanted] of steps) {
        const before = new Set(scene.chosen())
        scene.settle(shapes, wanted)
        const chosen = scene.chosen()
        const eligible = new Set(shapes.filter((s) => isEligible(s, wanted, before)).map(nameOf))
        assert.equal(new Set(chosen).size, chosen.length, "a cluster is named twice")
        assert.deepEqual(
          chosen.filter((name) => !eligible.has(name)),
          [],
        )
        const most = Math.max(0, wanted.numberOfClusters ?? Infinity)
        assert.equal(chosen.length, Math.min(most, eligible.size))
        const objects = scene.decisions()
        assert.ok(objects.length >= 1)
        for (const object of objects) assert.ok(clustersOf(object).length <= 100)
        const { status } = scene.world.get(PLACEMENTS, { namespace: "apps", name: "p" })!
        assert.equal(status?.numberOfSelectedClusters, chosen.length)
        assert.deepEqual(
          status?.decisionGroups?.flatMap((g) => g.decisions ?? []).toSorted(),
          objects.map((d) => d.metadata.name).toSorted(),
        )
      }
    }),
    { numRuns: 40 },
  )
})

test("planPlacement: a cluster that is chosen before and after is chosen in between, whenever one looks", () => {
  fc.assert(
    fc.property(fleet, spec, fleet, spec, (first, firstSpec, second, secondSpec) => {
      const scene = new Scene()
      scene.settle(first, firstSpec)
      const before = scene.chosen()
      const looks: Set<string>[] = []
      scene.settle(second, secondSpec, () => void looks.push(new Set(scene.chosen())))
      const after = new Set(scene.chosen())
      const staying = before.filter((name) => after.has(name))
      for (const seen of looks)
        assert.deepEqual(
          staying.filter((name) => !seen.has(name)),
          [],
        )
    }),
    { numRuns: 40 },
  )
})

test("planPlacement: a choice stands while it is eligible and nobody scores higher, whoever else joins", () => {
  const calm = fc.uniqueArray(
    shape.map((s) => ({ ...s, leaving: false, set: "default" as const, taint: undefined, load: 0 })),
    { selector: (s) => s.name, minLength: 1, maxLength: 60, size: "max" },
  )
  fc.assert(
    fc.property(calm, calm, fc.integer({ min: 1, max: 20 }), (first, joining, numberOfClusters) => {
      const scene = new Scene()
      scene.settle(first, { numberOfClusters })
      const before = scene.chosen()
      const known = new Set(first.map((s) => s.name))
      scene.settle([...joining.filter((s) => !known.has(s.name)), ...first], { numberOfClusters })
      const after = new Set(scene.chosen())
      assert.deepEqual(
        before.filter((name) => !after.has(name)),
        [],
      )
    }),
    { numRuns: 60 },
  )
})

test("planPlacement: the order in which clusters are seen means nothing", () => {
  const shuffled = fleet.chain((shapes) =>
    fc.tuple(fc.constant(shapes), fc.shuffledSubarray(shapes, { minLength: shapes.length })),
  )
  fc.assert(
    fc.property(shuffled, spec, ([shapes, other], wanted) => {
      assert.deepEqual(new Scene().plan(shapes, wanted), new Scene().plan(other, wanted))
    }),
    { numRuns: 40 },
  )
})
