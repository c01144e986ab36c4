import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS } from "#api/kubernetes/apps.ts"
import { JOBS } from "#api/kubernetes/batch.ts"
import { NODES, PERSISTENT_VOLUME_CLAIMS, PODS, type Pod } from "#api/kubernetes/core.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { apiVersionOf, type ResourceType } from "#apimachinery/gvk.ts"
import type { Plan } from "#runtime/plan.ts"
import { PlannedWorld } from "#runtime/testing/planned-world.ts"
import { planDaemonSet } from "./daemonset.plan.ts"
import { planDeployment } from "./deployment.plan.ts"
import { planJob } from "./job.plan.ts"
import { controllerOf, isActive, isReady } from "./pods.ts"
import { planReplicaSet } from "./replicaset.plan.ts"
import { planStatefulSet } from "./statefulset.plan.ts"
import { NOW, NOW_MS, SELECTOR, template } from "./testing/objects.ts"

const KEY = { namespace: "ns", name: "w" }
const PASSES_MAX = 400

/** A member with one workload `w`: every planner has its turn until none has anything to do. */
class Member {
  readonly world = new PlannedWorld(NOW)

  start<T extends KubeObject & { spec: object }>(type: ResourceType<T>, spec: T["spec"]): void {
    const object = { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { namespace: "ns", name: "w" }, spec }
    this.world.put(type as never, object)
  }

  change(type: ResourceType<never> | ResourceType, spec: object): void {
    this.world.carryOut([{ do: "patch", type, key: KEY, patch: { spec } }])
  }

  #children<T extends KubeObject>(type: ResourceType<T>, owner: KubeObject): T[] {
    return this.world.list(type).filter((child) => controllerOf(child).includes(owner.metadata.uid ?? ""))
  }

  /** One turn of each planner. @returns whether any of them did something */
  turn(afterEach?: () => void): boolean {
    const { world } = this
    let busy = false
    const run = ({ actions }: Plan) => {
      busy ||= actions.length > 0
      world.carryOut(actions, afterEach)
    }
    for (const d of world.list(DEPLOYMENTS)) run(planDeployment(d, this.#children(REPLICA_SETS, d), NOW_MS))
    for (const rs of world.list(REPLICA_SETS)) run(planReplicaSet(rs, this.#children(PODS, rs)))
    for (const set of world.list(STATEFUL_SETS)) {
      const claims = new Set(world.list(PERSISTENT_VOLUME_CLAIMS).map((claim) => claim.metadata.name ?? ""))
      run(planStatefulSet(set, this.#children(PODS, set), claims))
    }
    for (const set of world.list(DAEMON_SETS)) run(planDaemonSet(set, this.#children(PODS, set), world.list(NODES)))
    for (const job of world.list(JOBS)) run(planJob(job, this.#children(PODS, job), NOW_MS))
    return busy
  }

  pods(): Pod[] {
    return this.world.list(PODS)
  }

  ready(): number {
    return this.pods().filter(isReady).length
  }

  /** What kubelet says of a pod: the one of that number among those that are not ready, counted round. */
  report(number: number, phase: "Running" | "Succeeded" | "Failed"): boolean {
    const waiting = this.pods().filter((pod) => isActive(pod) && !isReady(pod))
    const pod = waiting[number % Math.max(1, waiting.length)]
    if (pod === undefined) return false
    const conditions = [{ type: "Ready", status: phase === "Running" ? "True" : "False" }]
    const key = { namespace: "ns", name: pod.metadata.name ?? "" }
    const patch = { status: { phase, conditions } }
    this.world.carryOut([{ do: "patch", type: PODS as never, key, patch, subresource: "status" }])
    return true
  }

  /** Pods become ready one by one, planners have their turns, until nothing happens any more. */
  settle(order: readonly number[], afterEach?: () => void): void {
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      const busy = this.turn(afterEach)
      const reported = this.report(order[pass % Math.max(1, order.length)] ?? 0, "Running")
      afterEach?.()
      if (!busy && !reported) return
    }
    assert.fail("it does not come to rest")
  }
}

const order = fc.array(fc.nat(9), { maxLength: 8 })
const version = fc.constantFrom("1", "2", "3")
const size = fc.nat(6)

test("a Deployment comes to rest with what it wants, and on the way stays within the bounds of its strategy", () => {
  const step = fc.record({ version, order })
  fc.assert(
    fc.property(
      fc.record({ replicas: fc.integer({ min: 1, max: 6 }), surge: fc.nat(3), unavailable: fc.nat(3) }),
      fc.array(step, { minLength: 1, maxLength: 4 }),
      ({ replicas, surge, unavailable }, steps) => {
        const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } }
        const member = new Member()
        const spec = { replicas, selector: SELECTOR, template: template("0"), strategy }
        member.start(DEPLOYMENTS, spec)
        member.settle([])
        const least = replicas - Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable)
        for (const next of steps) {
          member.change(DEPLOYMENTS, { template: template(next.version) })
          member.settle(next.order, () => {
            const wantedNow = member.world.list(REPLICA_SETS).reduce((sum, rs) => sum + (rs.spec.replicas ?? 1), 0)
            assert.ok(wantedNow <= replicas + surge, `${wantedNow} pods are asked for`)
            assert.ok(member.ready() >= least, `only ${member.ready()} pods are ready`)
          })
          const pods = member.pods()
          assert.equal(pods.length, replicas)
          assert.ok(pods.every((pod) => pod.spec.containers[0]!.image === `i:${next.version}`))
          const { status } = member.world.get(DEPLOYMENTS, KEY)!
          assert.equal(status?.availableReplicas, replicas)
          assert.equal(status.updatedReplicas, replicas)
          assert.equal(status.conditions?.find((c) => c.type === "Progressing")?.reason, "NewReplicaSetAvailable")
        }
      },
    ),
    { numRuns: 60 },
  )
})

test("a Deployment comes to rest whatever is changed in the middle of a change", () => {
  const spec = fc.record(
    {
      version,
      replicas: size,
      paused: fc.boolean(),
      strategy: fc.constantFrom(
        { type: "Recreate", rollingUpdate: null },
        { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      ),
      revisionHistoryLimit: fc.nat(2),
    },
    { requiredKeys: [] },
  )
  const step = fc.record({ spec, turns: fc.nat(4), reports: order })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), version, size, order, (steps, lastVersion, lastSize, lastOrder) => {
      const member = new Member()
      const first = { replicas: 3, selector: SELECTOR, template: template("1"), revisionHistoryLimit: 2 }
      member.start(DEPLOYMENTS, first)
      for (const { spec: change, turns, reports } of steps) {
        const { version: image, ...rest } = change
        member.change(DEPLOYMENTS, { ...rest, ...(image === undefined ? {} : { template: template(image) }) })
        for (let i = 0; i < turns; i++) member.turn()
        for (const number of reports) member.report(number, "Running")
      }
      member.change(DEPLOYMENTS, { paused: false, template: template(lastVersion), replicas: lastSize })
      member.settle(lastOrder)
      assert.deepEqual(
        member.pods().map((pod) => pod.spec.containers[0]!.image),
        Array.from({ length: lastSize }, () => `i:${lastVersion}`),
      )
    }),
    { numRuns: 100 },
  )
})

test("a StatefulSet comes to rest with pods 0 to N-1 of the last template, and without Parallel one by one", () => {
  const step = fc.record({ version, replicas: size, order })
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 4 }), (parallel, steps) => {
      const member = new Member()
      const spec = {
        replicas: 2,
        selector: SELECTOR,
        template: template("0"),
        podManagementPolicy: parallel ? "Parallel" : "OrderedReady",
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }],
      }
      member.start(STATEFUL_SETS, spec)
      member.settle([])
      for (const next of steps) {
        member.change(STATEFUL_SETS, { template: template(next.version), replicas: next.replicas })
        member.settle(next.order, () => {
          const unready = member.pods().filter((pod) => !isReady(pod))
          if (!parallel) assert.ok(unready.length <= 1, `${unready.length} pods are not ready at once`)
        })
        assert.deepEqual(
          member
            .pods()
            .map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]!.image}`)
            .toSorted(),
          Array.from({ length: next.replicas }, (_, i) => `w-${i} i:${next.version}`),
        )
      }
      const most = Math.max(2, ...steps.map((s) => s.replicas))
      assert.equal(member.world.list(PERSISTENT_VOLUME_CLAIMS).length, most, "claims stay")
    }),
    { numRuns: 60 },
  )
})

test("a DaemonSet comes to rest with one pod of the last template on every node, and misses no more than it may", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ version, order }), { minLength: 1, maxLength: 4 }),
      (nodes, maxUnavailable, steps) => {
        const member = new Member()
        const names = Array.from({ length: nodes }, (_, i) => `n${i}`)
        for (const name of names)
          member.world.put(NODES as never, { apiVersion: "v1", kind: "Node", metadata: { name } })
        const updateStrategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable } }
        const spec = { selector: SELECTOR, template: template("0"), updateStrategy }
        member.start(DAEMON_SETS, spec)
        member.settle([])
        for (const next of steps) {
          member.change(DAEMON_SETS, { template: template(next.version) })
          member.settle(next.order, () => assert.ok(member.ready() >= nodes - maxUnavailable))
          assert.deepEqual(
            member
              .pods()
              .map((pod) => `${pod.spec.nodeName} ${pod.spec.containers[0]!.image}`)
              .toSorted(),
            names.map((name) => `${name} i:${next.version}`),
          )
        }
      },
    ),
    { numRuns: 60 },
  )
})

test("a Job ends well or badly, runs no more pods than it may, and what it has counted it never counts less", () => {
  const outcome = fc.record({ number: fc.nat(9), phase: fc.constantFrom("Succeeded" as const, "Failed" as const) })
  const spec = fc.record({
    completions: fc.option(size, { nil: undefined }),
    parallelism: fc.integer({ min: 1, max: 4 }),
    backoffLimit: fc.nat(3),
  })
  fc.assert(
    fc.property(spec, fc.array(outcome, { maxLength: 12 }), ({ completions, parallelism, backoffLimit }, outcomes) => {
      const member = new Member()
      const some = completions === undefined ? {} : { completions }
      const job = { parallelism, backoffLimit, template: template(), ...some }
      member.start(JOBS, job)
      let before = { succeeded: 0, failed: 0 }
      const all = [...outcomes, ...Array.from({ length: 12 }, () => ({ number: 0, phase: "Succeeded" as const }))]
      for (const { number, phase } of all) {
        while (member.turn()) assert.ok(member.pods().filter(isActive).length <= parallelism)
        const { succeeded = 0, failed = 0 } = member.world.get(JOBS, KEY)!.status!
        assert.ok(succeeded >= before.succeeded && failed >= before.failed)
        before = { succeeded, failed }
        member.report(number, phase)
      }
      while (member.turn()) assert.ok(member.pods().filter(isActive).length <= parallelism)
      const { succeeded = 0, failed = 0, conditions = [] } = member.world.get(JOBS, KEY)!.status!
      const isBroken = failed > backoffLimit
      assert.deepEqual(
        conditions.map((c) => c.type),
        isBroken ? ["FailureTarget", "Failed"] : ["SuccessCriteriaMet", "Complete"],
      )
      if (!isBroken) assert.ok(succeeded >= (completions ?? 1))
      assert.equal(member.pods().filter(isActive).length, 0)
    }),
    { numRuns: 150 },
  )
})
