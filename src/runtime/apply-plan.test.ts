import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { silentLog } from "#lib/log.ts"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { newStatusError, StatusError } from "#apimachinery/status-error.ts"
import { newKubeClient } from "#kube/rest.ts"
import type { Exchange } from "#kube/testing/scripted-transport.ts"
import { newScriptedTransport } from "#kube/testing/scripted-transport.ts"
import { CONFIGMAPS, WIDGETS, widget } from "#kube/testing/types.ts"
import { applyPlan, describeWrite, writesOf } from "./apply-plan.ts"
import { planController } from "./plan-controller.ts"
import type { Action, Plan } from "./plan.ts"

const KEY = { namespace: "ns", name: "w" }
const W = "/apis/example.com/v1/namespaces/ns/widgets"

function newWorld() {
  const clock = newVirtualClock(0)
  const server = newScriptedTransport()
  const client = newKubeClient({ transport: server.transport, userAgent: "test", clock })
  /** Applies and answers every write in the order in which they come. */
  const run = async (plan: Plan, answer: (exchange: Exchange) => void = (e) => e.answer(200, {})) => {
    const seen: string[] = []
    let failure: unknown
    let over = false
    void applyPlan(client, plan, { log: silentLog, signal: new AbortController().signal }).then(
      () => void (over = true),
      (error: unknown) => {
        failure = error
        over = true
      },
    )
    while (!over) {
      await clock.settle()
      while (server.waiting.length > 0) {
        const exchange = server.take()
        const body = exchange.body === undefined ? "" : ` ${JSON.stringify(exchange.body)}`
        seen.push(`${exchange.request.method} ${exchange.request.path}${body}`)
        answer(exchange)
      }
    }
    return { seen, failure }
  }
  return { clock, server, client, run, random: seededRandom(1) }
}

const refuse = (reason: "Conflict" | "AlreadyExists" | "NotFound" | "Forbidden" | "Invalid") => (e: Exchange) =>
  e.answer(newStatusError(reason, reason).code, newStatusError(reason, reason).status)

const object = widget("ns", "w")
const O = JSON.stringify(object)
const create: Action = { do: "create", type: WIDGETS, object }
const remove: Action = { do: "delete", type: WIDGETS, key: KEY }
const patch: Action = { do: "patch", type: WIDGETS, key: KEY, patch: { a: 1 } }
const update: Action = { do: "update", type: WIDGETS, object }

for (const { action, want } of [
  { action: create, want: `POST ${W} ${O}` },
  { action: update, want: `PUT ${W}/w ${O}` },
  { action: { ...update, subresource: "status" }, want: `PUT ${W}/w/status ${O}` },
  { action: patch, want: `PATCH ${W}/w {"a":1}` },
  {
    action: {
      ...patch,
      patch: { metadata: { labels: { l: "v" } } },
      uid: "u",
      resourceVersion: "5",
      subresource: "status",
    },
    want: `PATCH ${W}/w/status {"metadata":{"labels":{"l":"v"},"uid":"u","resourceVersion":"5"}}`,
  },
  {
    action: { do: "apply", type: WIDGETS, object, fieldManager: "m", force: true },
    want: `PATCH ${W}/w?fieldManager=m&force=true ${O}`,
  },
  { action: remove, want: `DELETE ${W}/w` },
  {
    action: { ...remove, uid: "u", resourceVersion: "5", propagationPolicy: "Background" },
    want: `DELETE ${W}/w {"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u","resourceVersion":"5"},"propagationPolicy":"Background"}`,
  },
] as { action: Action; want: string }[]) {
  test(`applyPlan: ${want.slice(0, 100)}`, async () => {
    const { run } = newWorld()
    assert.deepEqual(await run({ actions: [action] }), { seen: [want], failure: undefined })
  })
}

test("applyPlan: in order, one after another, and no further than the first failure", async () => {
  const { run } = newWorld()
  const plan = { actions: [create, patch, remove] }
  const whole = await run(plan)
  assert.deepEqual(
    whole.seen.map((line) => line.split(" ")[0]),
    ["POST", "PATCH", "DELETE"],
  )
  const cut = await run(plan, (e) => (e.request.method === "PATCH" ? refuse("Forbidden")(e) : e.answer(200, {})))
  assert.deepEqual(
    cut.seen.map((line) => line.split(" ")[0]),
    ["POST", "PATCH"],
  )
  assert.equal((cut.failure as StatusError).reason, "Forbidden")
})

for (const { name, action, answer, want } of [
  { name: "what is gone already is deleted", action: remove, answer: "NotFound", want: undefined },
  { name: "a precondition of a deletion", action: remove, answer: "Conflict", want: "Conflict" },
  { name: "create of what exists", action: create, answer: "AlreadyExists", want: "AlreadyExists" },
  { name: "create where something is missing", action: create, answer: "NotFound", want: "NotFound" },
  { name: "patch of what is gone", action: patch, answer: "NotFound", want: "Conflict" },
  { name: "update of what is gone", action: update, answer: "NotFound", want: "Conflict" },
  { name: "patch that is refused", action: patch, answer: "Invalid", want: "Invalid" },
] as const) {
  test(`applyPlan: ${name}: ${want ?? "success"}`, async () => {
    const { run } = newWorld()
    const { failure } = await run({ actions: [action] }, refuse(answer))
    assert.equal((failure as StatusError | undefined)?.reason, want)
  })
}

const many = (count: number): Action[] =>
  Array.from({ length: count }, (_, i) => ({ do: "delete", type: WIDGETS, key: { namespace: "ns", name: `w${i}` } }))

test("applyPlan: writes of a group go side by side, 32 at once, and the next action waits for all", async () => {
  const { clock, server, client } = newWorld()
  const done = applyPlan(client, { actions: [{ do: "together", actions: many(40) }, create] })
  await clock.settle()
  assert.equal(server.waiting.length, 32)
  for (let i = 0; i < 32; i++) server.take().answer(200, {})
  await clock.settle()
  assert.deepEqual(new Set(server.waiting.map(({ request }) => request.method)), new Set(["DELETE"]))
  assert.equal(server.waiting.length, 8)
  for (let i = 0; i < 8; i++) server.take().answer(200, {})
  await clock.settle()
  const last = server.take()
  assert.equal(last.request.method, "POST")
  last.answer(200, {})
  await done
})

test("applyPlan: a failure in a group stops neither the rest of the group nor hides behind a conflict", async () => {
  const { run } = newWorld()
  const plan: Plan = { actions: [{ do: "together", actions: many(4) }, create] }
  const { seen, failure } = await run(plan, (e) => {
    if (e.path.endsWith("w0")) return refuse("Conflict")(e)
    if (e.path.endsWith("w2")) return refuse("Forbidden")(e)
    e.answer(200, {})
  })
  assert.equal(seen.length, 4)
  assert.equal((failure as StatusError).reason, "Forbidden")
})

test("applyPlan: an aborted signal ends it before the next write", async () => {
  const { client, server } = newWorld()
  const reason = new Error("enough")
  await assert.rejects(applyPlan(client, { actions: [create] }, { signal: AbortSignal.abort(reason) }), reason)
  assert.equal(server.waiting.length, 0)
})

test("writesOf and describeWrite: a plan in words", () => {
  const generated: Action = {
    do: "create",
    type: CONFIGMAPS,
    object: { ...object, metadata: { namespace: "ns", generateName: "x-" } },
  }
  const actions: Action[] = [create, { do: "together", actions: [generated, { ...patch, subresource: "status" }] }]
  assert.deepEqual(writesOf(actions).map(describeWrite), [
    { do: "create", resource: "widgets.example.com", key: "ns/w" },
    { do: "create", resource: "configmaps", key: "ns/x-…" },
    { do: "patch", resource: "widgets.example.com/status", key: "ns/w" },
  ])
})

test("planController: observes, plans, applies, and comes back when the plan says", async () => {
  const { clock, client, server } = newWorld()
  const reconcile = planController(client, {
    observe: (key) => (key === "gone" ? undefined : { key }),
    plan: ({ key }) => ({
      actions: [{ do: "delete", type: WIDGETS, key: { namespace: "ns", name: key } }],
      requeueAfterMs: 7,
    }),
  })
  const { signal } = new AbortController()
  assert.equal(await reconcile("gone", signal), undefined)
  const done = reconcile("w", signal)
  await clock.settle()
  const exchange = server.take()
  assert.equal(exchange.path, `${W}/w`)
  exchange.answer(200, {})
  assert.equal((await done)?.requeueAfterMs, 7)
})
