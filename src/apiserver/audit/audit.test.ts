import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"
import { parseAuditPolicy } from "./policy.ts"

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"

async function audited(rule: string, authorize = { allowed: true, reason: "why" }) {
  const events: Record<string, unknown>[] = []
  const lines: string[] = []
  const policy = parseAuditPolicy(`{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [${rule}]}`)
  const sink = {
    write(line: string) {
      lines.push(line)
      events.push(JSON.parse(line))
    },
  }
  const server = await newWidgetServer({ audit: { policy, sink }, authorize: () => authorize })
  return { ...server, events, lines }
}

test("a write at level RequestResponse: both stages, both objects, the name that the body gave", async () => {
  const { send, events, lines } = await audited("{level: RequestResponse, omitManagedFields: true}")
  await send(
    "POST",
    `${CONFIG_MAPS}?fieldManager=<x>`,
    { metadata: { name: "a" }, data: { k: "v" } },
    { "audit-id": "i" },
  )
  const [received, complete] = events
  const common = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: "i",
    requestURI: `${CONFIG_MAPS}?fieldManager=<x>`,
    verb: "create",
    user: { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] },
    sourceIPs: ["test"],
    requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z",
    stageTimestamp: "2026-01-02T03:04:05.000000Z",
  }
  const objectRef = { resource: "configmaps", namespace: "default", apiVersion: "v1" }
  assert.deepEqual(received, { ...common, stage: "RequestReceived", objectRef })
  const { responseObject, ...rest } = complete as { responseObject: { metadata: { name: string } } }
  assert.deepEqual(rest, {
    ...common,
    stage: "ResponseComplete",
    objectRef: { ...objectRef, name: "a" },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" }, data: { k: "v" } },
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "why" },
  })
  assert.deepEqual(Object.keys(responseObject.metadata).includes("managedFields"), false)
  assert.equal(responseObject.metadata.name, "a")
  assert.match(lines[0]!, /fieldManager=\\u003cx\\u003e/)
})

test("level Metadata holds no objects; a refusal holds its Status", async () => {
  const { send, events } = await audited("{level: Metadata}", { allowed: false, reason: "" })
  await send("DELETE", `${CONFIG_MAPS}/a`)
  const { responseStatus, requestObject, responseObject, annotations } = events[1] as Record<string, object>
  assert.deepEqual([requestObject, responseObject], [undefined, undefined])
  assert.deepEqual(responseStatus, {
    metadata: {},
    status: "Failure",
    message:
      'configmaps "a" is forbidden: User "system:apiserver" cannot delete resource "configmaps" in API group "" in the namespace "default"',
    reason: "Forbidden",
    details: { name: "a", kind: "configmaps" },
    code: 403,
  })
  assert.deepEqual(annotations, { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "" })
})

test("a watch starts, and is complete when nobody listens any more", async () => {
  const { watch, events } = await audited("{level: Request}")
  const open = await watch(`${CONFIG_MAPS}?watch=1`)
  assert.deepEqual(
    events.map(({ stage }) => stage),
    ["RequestReceived", "ResponseStarted"],
  )
  open.stop()
  open.stop()
  assert.deepEqual(
    events.map(({ stage }) => stage),
    ["RequestReceived", "ResponseStarted", "ResponseComplete"],
  )
})

test("what is refused before anybody is known has one stage and no user", async () => {
  const { send, events } = await audited("{level: Metadata}")
  await send("GET", `${CONFIG_MAPS}?timeout=x`)
  const [{ stage, user, responseStatus }] = events as [Record<string, { code: number }>]
  assert.deepEqual([events.length, stage, user, responseStatus?.code], [1, "ResponseStarted", {}, 400])
})

test("what the policy does not name is not recorded", async () => {
  const { send, events } = await audited("{level: Metadata, verbs: [create]}")
  await send("GET", `${CONFIG_MAPS}/a`)
  assert.deepEqual(events, [])
})

test("a patch as it came, the impersonated user", async () => {
  const { send, events } = await audited("{level: Request}")
  await send("POST", CONFIG_MAPS, { metadata: { name: "a" } })
  const headers = { "content-type": "application/merge-patch+json", "impersonate-user": "u", "impersonate-group": "g" }
  await send("PATCH", `${CONFIG_MAPS}/a`, { data: { k: "w" } }, headers)
  const { requestObject, impersonatedUser, user } = events[3] as Record<string, unknown>
  assert.deepEqual(requestObject, { data: { k: "w" } })
  assert.deepEqual(impersonatedUser, { username: "u", groups: ["g", "system:authenticated"] })
  assert.equal((user as { username: string }).username, "system:apiserver")
})
