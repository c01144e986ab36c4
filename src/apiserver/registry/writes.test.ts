import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const MERGE = { "content-type": "application/merge-patch+json" }
const JSON_PATCH = { "content-type": "application/json-patch+json" }

const widget = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
  spec,
})
const configMap = (name: string, data: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
})

test("create sets what the server decides and answers 201", async () => {
  const { send } = await newWidgetServer()
  const { status, body } = await send("POST", WIDGETS, {
    ...widget(
      "a",
      { size: 1 },
      { uid: "mine", creationTimestamp: "2001-01-01T00:00:00Z", deletionTimestamp: "2001-01-01T00:00:00Z" },
    ),
    status: { phase: "mine" },
  })
  assert.equal(status, 201)
  const { uid, managedFields: _, ...metadata } = body.metadata
  assert.match(uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  assert.deepEqual(metadata, {
    name: "a",
    namespace: "default",
    generation: 1,
    resourceVersion: "3",
    creationTimestamp: "2026-01-02T03:04:05Z",
  })
  assert.deepEqual(body.spec, { size: 1, color: "red" })
  assert.equal(body.status, undefined)
  assert.deepEqual((await send("GET", `${WIDGETS}/a`)).body, body)
})

for (const { name, path = WIDGETS, body, code, message } of [
  {
    name: "no name",
    body: widget(""),
    code: 422,
    message: 'Widget.example.com "" is invalid: metadata.name: Required value: name or generateName is required',
  },
  {
    name: "schema",
    body: widget("a", { size: 11 }),
    code: 422,
    message: /spec\.size: Invalid value: 11: spec\.size in body should be less than or equal to 10/,
  },
  {
    name: "other namespace",
    body: widget("a", {}, { namespace: "other" }),
    code: 400,
    message: "the namespace of the provided object does not match the namespace sent on the request",
  },
  {
    name: "resourceVersion",
    body: widget("a", {}, { resourceVersion: "1" }),
    code: 500,
    message: "resourceVersion should not be set on objects to be created",
  },
  {
    name: "missing namespace",
    path: "/apis/example.com/v1/namespaces/none/widgets",
    body: widget("a"),
    code: 404,
    message: 'namespaces "none" not found',
  },
  {
    name: "wrong version",
    body: { ...widget("a"), apiVersion: "example.com/v2" },
    code: 400,
    message: "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)",
  },
  {
    name: "wrong kind",
    body: { ...widget("a"), kind: "Gadget" },
    code: 422,
    message: 'Gadget.example.com "a" is invalid: kind: Invalid value: "Gadget": must be Widget',
  },
  { name: "no JSON", body: "{", code: 400, message: /the object provided is unrecognized/ },
  { name: "no object", body: "[]", code: 400, message: /the object provided is unrecognized/ },
  { name: "no body", body: undefined, code: 400, message: /the object provided is unrecognized .*<empty>/ },
  {
    name: "bad label",
    body: widget("a", {}, { labels: { "a b": "x" } }),
    code: 422,
    message: /metadata\.labels: Invalid value: "a b": name part must consist of/,
  },
  {
    name: "wrong type in a typed kind",
    path: CONFIG_MAPS,
    body: configMap("a", { x: 1 }),
    code: 400,
    message:
      /ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string/,
  },
  {
    name: "to a name",
    path: `${WIDGETS}/a`,
    body: widget("a"),
    code: 405,
    message: "the server does not allow this method on the requested resource",
  },
  {
    name: "unknown resource",
    path: "/apis/example.com/v1/namespaces/default/gadgets",
    body: widget("a"),
    code: 404,
    message: "the server could not find the requested resource",
  },
] as { name: string; path?: string; body: unknown; code: number; message: string | RegExp }[]) {
  test(`create refuses: ${name}`, async () => {
    const { send, server } = await newWidgetServer()
    const before = server.storage.revision
    const answer = await send("POST", path, body)
    assert.equal(answer.status, code, answer.text)
    if (typeof message === "string") assert.equal(answer.body.message, message)
    else assert.match(answer.body.message, message)
    assert.equal(answer.body.kind, "Status")
    assert.equal(server.storage.revision, before)
  })
}

test("a name that is taken is refused, also while it is being deleted", async () => {
  const { send } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a", {}, { finalizers: ["example.com/wait"] }))
  const taken = await send("POST", WIDGETS, widget("a"))
  assert.deepEqual(
    [taken.status, taken.body.reason, taken.body.message],
    [409, "AlreadyExists", 'widgets.example.com "a" already exists'],
  )
  assert.deepEqual(taken.body.details, { name: "a", group: "example.com", kind: "widgets" })
  await send("DELETE", `${WIDGETS}/a`)
  const going = await send("POST", WIDGETS, widget("a"))
  assert.equal(going.body.message, 'object is being deleted: widgets.example.com "a" already exists')
})

test("generateName makes names that differ", async () => {
  const { send } = await newWidgetServer()
  const names = new Set<string>()
  for (let i = 0; i < 5; i++)
    names.add((await send("POST", WIDGETS, widget("", {}, { generateName: "a-" }))).body.metadata.name)
  assert.equal(names.size, 5)
  for (const name of names) assert.match(name, /^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test("dry runs check everything and store nothing", async () => {
  const { send, server } = await newWidgetServer()
  const before = server.storage.revision
  const created = await send("POST", `${WIDGETS}?dryRun=All`, widget("a"))
  assert.equal(created.status, 201)
  assert.equal(created.body.metadata.resourceVersion, undefined)
  assert.ok(created.body.metadata.uid)
  assert.equal((await send("POST", `${WIDGETS}?dryRun=Some`, widget("a"))).status, 422)
  assert.equal(server.storage.revision, before)
  await send("POST", WIDGETS, widget("a"))
  assert.equal((await send("POST", `${WIDGETS}?dryRun=All`, widget("a"))).status, 409)
  assert.equal((await send("DELETE", `${WIDGETS}/a?dryRun=All`)).status, 200)
  const patched = await send("PATCH", `${WIDGETS}/a?dryRun=All`, { spec: { size: 3 } }, MERGE)
  assert.equal(patched.body.spec.size, 3)
  assert.equal((await send("GET", `${WIDGETS}/a`)).body.spec.size, undefined)
})

for (const { validation, code, warnings } of [
  {
    validation: "",
    code: 201,
    warnings: [
      '299 - "unknown field \\"metadata.foo\\""',
      '299 - "unknown field \\"spec.extra\\""',
      '299 - "duplicate field \\"spec.size\\""',
    ],
  },
  {
    validation: "Warn",
    code: 201,
    warnings: [
      '299 - "unknown field \\"metadata.foo\\""',
      '299 - "unknown field \\"spec.extra\\""',
      '299 - "duplicate field \\"spec.size\\""',
    ],
  },
  { validation: "Ignore", code: 201, warnings: undefined },
  { validation: "Strict", code: 400, warnings: undefined },
]) {
  test(`fieldValidation ${validation || "unset"}`, async () => {
    const { send } = await newWidgetServer()
    const text = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","foo":1},"spec":{"size":1,"size":2,"extra":true}}`
    const answer = await send("POST", `${WIDGETS}${validation && `?fieldValidation=${validation}`}`, text)
    assert.equal(answer.status, code)
    assert.deepEqual(answer.headers["warning"], warnings)
    if (code === 201) assert.deepEqual(answer.body.spec, { size: 2, color: "red" })
    else
      assert.match(
        answer.body.message,
        /strict decoding error: unknown field "metadata.foo", unknown field "spec.extra", duplicate field "spec.size"/,
      )
  })
}

test("update needs the revision that it was made from", async () => {
  const { send } = await newWidgetServer()
  const created = (await send("POST", WIDGETS, widget("a", { size: 1 }))).body
  const updated = await send("PUT", `${WIDGETS}/a`, { ...created, spec: { size: 2 } })
  assert.deepEqual([updated.status, updated.body.spec.size, updated.body.metadata.generation], [200, 2, 2])
  const stale = await send("PUT", `${WIDGETS}/a`, { ...created, spec: { size: 3 } })
  assert.deepEqual(
    [stale.status, stale.body.message],
    [
      409,
      'Operation cannot be fulfilled on widgets.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
  )
  const unconditional = await send("PUT", `${WIDGETS}/a`, widget("a", { size: 3 }))
  assert.match(
    unconditional.body.message,
    /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/,
  )
  const other = await send("PUT", `${WIDGETS}/a`, { ...updated.body, metadata: { ...updated.body.metadata, uid: "x" } })
  assert.match(other.body.message, /Precondition failed: UID in precondition: x, UID in object meta: /)
  assert.equal((await send("PUT", `${WIDGETS}/b`, widget("b"))).status, 404)
  assert.match(
    (await send("PUT", `${WIDGETS}/b`, widget("a"))).body.message,
    /the name of the object \(a\) does not match the name on the URL \(b\)/,
  )
})

test("some kinds are updated without a revision, and some are created by PUT", async () => {
  const { send } = await newWidgetServer()
  await send("POST", CONFIG_MAPS, configMap("a", { x: "1" }))
  const updated = await send("PUT", `${CONFIG_MAPS}/a`, configMap("a", { x: "2" }))
  assert.deepEqual([updated.status, updated.body.data], [200, { x: "2" }])
  const lease = { apiVersion: "v1", kind: "Lease", metadata: { name: "l" } }
  assert.equal((await send("PUT", "/api/v1/namespaces/default/leases/l", lease)).status, 201)
})

test("a write that changes nothing has no revision and no event", async () => {
  const { send, server, watch } = await newWidgetServer()
  const created = (await send("POST", WIDGETS, widget("a", { size: 1 }, { labels: { a: "b" } }))).body
  const revision = server.storage.revision
  const events = await watch(`${WIDGETS}?watch=1&resourceVersion=${revision}`)
  for (const answer of [
    await send("PUT", `${WIDGETS}/a`, created),
    await send("PATCH", `${WIDGETS}/a`, { spec: { size: 1 } }, MERGE),
    await send("PATCH", `${WIDGETS}/a/status`, { spec: { size: 5 } }, MERGE),
  ]) {
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.body, created)
  }
  assert.equal(server.storage.revision, revision)
  assert.deepEqual(events.events(), [])
})

test("status and the rest are written apart", async () => {
  const { send } = await newWidgetServer()
  const created = (await send("POST", WIDGETS, widget("a", { size: 1 }))).body
  const status = await send("PUT", `${WIDGETS}/a/status`, { ...created, spec: { size: 2 }, status: { phase: "Ready" } })
  assert.deepEqual(
    [status.body.spec.size, status.body.status, status.body.metadata.generation],
    [1, { phase: "Ready" }, 1],
  )
  const main = await send("PUT", `${WIDGETS}/a`, { ...status.body, spec: { size: 2 }, status: { phase: "Lost" } })
  assert.deepEqual([main.body.spec.size, main.body.status, main.body.metadata.generation], [2, { phase: "Ready" }, 2])
  const patched = await send(
    "PATCH",
    `${WIDGETS}/a/status`,
    { status: { phase: "Gone" }, metadata: { labels: { a: "b" } } },
    MERGE,
  )
  assert.deepEqual([patched.body.status, patched.body.metadata.labels], [{ phase: "Gone" }, undefined])
})

test("patches of each type", async () => {
  const { send } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a", { size: 1 }))
  const merged = await send("PATCH", `${WIDGETS}/a`, { spec: { color: null, size: 2 } }, MERGE)
  assert.deepEqual(merged.body.spec, { size: 2, color: "red" })
  const json = await send("PATCH", `${WIDGETS}/a`, [{ op: "replace", path: "/spec/size", value: 3 }], JSON_PATCH)
  assert.equal(json.body.spec.size, 3)
  const failed = await send("PATCH", `${WIDGETS}/a`, [{ op: "test", path: "/spec/size", value: 9 }], JSON_PATCH)
  assert.deepEqual(
    [failed.status, failed.body.message],
    [422, "the server rejected our request due to an error in our request"],
  )
  const strategic = await send(
    "PATCH",
    `${WIDGETS}/a`,
    {},
    { "content-type": "application/strategic-merge-patch+json" },
  )
  assert.deepEqual([strategic.status, strategic.body.reason], [415, "UnsupportedMediaType"])
  assert.match(
    strategic.body.message,
    /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml$/,
  )
  assert.equal((await send("PATCH", `${WIDGETS}/none`, {}, MERGE)).status, 404)
  const renamed = await send("PATCH", `${WIDGETS}/a`, { metadata: { name: "b" } }, MERGE)
  assert.equal(renamed.status, 400)
  const invalid = await send("PATCH", `${WIDGETS}/a`, { spec: { size: 99 } }, MERGE)
  assert.equal(invalid.status, 422)
  const strict = await send("PATCH", `${WIDGETS}/a?fieldValidation=Strict`, { spec: { foo: 1 } }, MERGE)
  assert.match(strict.body.message, /strict decoding error: unknown field "spec.foo"/)
})

test("patches without a revision never conflict, with one they do", async () => {
  const { send } = await newWidgetServer()
  const created = (await send("POST", CONFIG_MAPS, configMap("a"))).body
  const answers = await Promise.all(
    ["a", "b", "c", "d"].map((key) => send("PATCH", `${CONFIG_MAPS}/a`, { data: { [key]: "1" } }, MERGE)),
  )
  assert.deepEqual(
    answers.map((a) => a.status),
    [200, 200, 200, 200],
  )
  assert.deepEqual((await send("GET", `${CONFIG_MAPS}/a`)).body.data, { a: "1", b: "1", c: "1", d: "1" })
  const { resourceVersion } = created.metadata
  const stale = await send("PATCH", `${CONFIG_MAPS}/a`, { metadata: { resourceVersion }, data: { e: "1" } }, MERGE)
  assert.equal(stale.status, 409)
})

test("a patch may remove all labels, and an update restores what it leaves out of the system's metadata", async () => {
  const { send } = await newWidgetServer()
  const created = (await send("POST", CONFIG_MAPS, configMap("a", {}, { labels: { a: "b" } }))).body
  assert.equal(
    (await send("PATCH", `${CONFIG_MAPS}/a`, { metadata: { labels: null } }, MERGE)).body.metadata.labels,
    undefined,
  )
  const bare = await send("PUT", `${CONFIG_MAPS}/a`, configMap("a", { x: "1" }))
  assert.equal(bare.body.metadata.uid, created.metadata.uid)
  assert.equal(bare.body.metadata.creationTimestamp, created.metadata.creationTimestamp)
  assert.equal(bare.body.metadata.namespace, "default")
})

test("another served version is the same object", async () => {
  const { send } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a", { size: 1 }))
  const path = "/apis/example.com/v2/namespaces/default/widgets"
  const other = await send("GET", `${path}/a`)
  assert.equal(other.body.apiVersion, "example.com/v2")
  const updated = await send("PUT", `${path}/a`, { ...other.body, spec: { size: 2 } })
  assert.deepEqual([updated.body.apiVersion, updated.body.spec.size], ["example.com/v2", 2])
  assert.deepEqual((await send("GET", `${WIDGETS}/a`)).body, { ...updated.body, apiVersion: "example.com/v1" })
})

test("scale is a view of the replicas", async () => {
  const { send } = await newWidgetServer()
  await send("POST", WIDGETS, widget("a", { replicas: 2 }))
  const scale = (await send("GET", `${WIDGETS}/a/scale`)).body
  assert.deepEqual(
    [scale.kind, scale.apiVersion, scale.spec, scale.status],
    ["Scale", "autoscaling/v1", { replicas: 2 }, { replicas: 0 }],
  )
  const put = await send("PUT", `${WIDGETS}/a/scale`, { ...scale, spec: { replicas: 3 } })
  assert.deepEqual([put.status, put.body.spec], [200, { replicas: 3 }])
  assert.equal((await send("PUT", `${WIDGETS}/a/scale`, { ...scale, spec: { replicas: 4 } })).status, 409)
  const patch = await send("PATCH", `${WIDGETS}/a/scale`, { spec: { replicas: 5 } }, MERGE)
  assert.equal(patch.body.spec.replicas, 5)
  assert.equal((await send("PATCH", `${WIDGETS}/a/scale`, { spec: { replicas: -1 } }, MERGE)).status, 422)
  assert.deepEqual((await send("GET", `${WIDGETS}/a`)).body.spec, { replicas: 5, color: "red" })
})

test("names that JavaScript knows are only names", async () => {
  const { send } = await newWidgetServer()
  const text = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"x","constructor":"y"}}`
  const created = await send("POST", CONFIG_MAPS, text)
  assert.equal(created.status, 201, created.text)
  assert.match(created.text, /"__proto__":"x","constructor":"y"/)
})

const APPLY = { "content-type": "application/apply-patch+yaml" }
const managers = (body: {
  metadata: { managedFields?: { manager: string; operation: string; subresource?: string }[] }
}) =>
  (body.metadata.managedFields ?? []).map(
    (m) => `${m.operation} ${m.manager}${m.subresource === undefined ? "" : ` ${m.subresource}`}`,
  )

test("writes are booked under their managers", async () => {
  const { send } = await newWidgetServer()
  const created = await send("POST", `${WIDGETS}?fieldManager=maker`, widget("a", { size: 1 }))
  assert.deepEqual(managers(created.body), ["Update maker"])
  assert.deepEqual(created.body.metadata.managedFields[0].fieldsV1, {
    "f:spec": { ".": {}, "f:color": {}, "f:size": {} },
  })
  await send("PATCH", `${WIDGETS}/a`, { spec: { color: "blue" } }, { ...MERGE, "user-agent": "painter/v1 (linux)" })
  const status = await send("PATCH", `${WIDGETS}/a/status?fieldManager=prober`, { status: { phase: "Ready" } }, MERGE)
  assert.deepEqual(managers(status.body).sort(), ["Update maker", "Update painter", "Update prober status"])
})

test("server-side apply creates, merges, refuses conflicts and takes over by force", async () => {
  const { send } = await newWidgetServer()
  const apply = (manager: string, spec: object, more = "") =>
    send(
      "PATCH",
      `${WIDGETS}/a?fieldManager=${manager}${more}`,
      { ...widget("a", spec), metadata: { name: "a" } },
      APPLY,
    )
  const created = await apply("one", { size: 1, parts: [{ name: "x", count: 1 }] })
  assert.deepEqual([created.status, created.body.spec.size, managers(created.body)], [201, 1, ["Apply one"]])
  const merged = await apply("two", { parts: [{ name: "y", count: 2 }] })
  assert.deepEqual(
    [merged.status, merged.body.spec.parts],
    [
      200,
      [
        { name: "x", count: 1 },
        { name: "y", count: 2 },
      ],
    ],
  )
  const conflict = await apply("two", { size: 2, parts: [{ name: "y", count: 2 }] })
  assert.deepEqual(
    [conflict.status, conflict.body.message],
    [409, 'Apply failed with 1 conflict: conflict with "one": .spec.size'],
  )
  const forced = await apply("two", { size: 2 }, "&force=true")
  assert.deepEqual([forced.body.spec.size, forced.body.spec.parts], [2, [{ name: "x", count: 1 }]])
  const again = await apply("two", { size: 2 }, "&force=true")
  assert.deepEqual(again.body, forced.body)
})

test("server-side apply refuses what is no apply", async () => {
  const { send } = await newWidgetServer()
  const path = `${WIDGETS}/a`
  const noManager = await send("PATCH", path, widget("a"), APPLY)
  assert.deepEqual(
    [noManager.status, noManager.body.message],
    [422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
  )
  const managed = await send("PATCH", `${path}?fieldManager=m`, widget("a", {}, { managedFields: [] }), APPLY)
  assert.deepEqual([managed.status, managed.body.message], [400, "metadata.managedFields must be nil"])
  assert.equal((await send("PATCH", `${path}?fieldManager=m`, widget("a", {}, { uid: "x" }), APPLY)).status, 409)
  assert.equal((await send("PATCH", `${path}?fieldManager=m`, widget("b"), APPLY)).status, 400)
  const force = await send("PATCH", `${path}?force=true`, {}, MERGE)
  assert.match(force.body.message, /force: Forbidden: may not be specified for non-apply patch/)
  const missing = await send("PATCH", `${path}/status?fieldManager=m`, widget("a"), APPLY)
  assert.equal(missing.status, 404)
})

test("an apply to the status owns nothing else", async () => {
  const { send } = await newWidgetServer()
  await send("POST", `${WIDGETS}?fieldManager=maker`, widget("a", { size: 1 }))
  const config = { ...widget("a", { size: 5 }), status: { phase: "Ready" } }
  const { status, body } = await send("PATCH", `${WIDGETS}/a/status?fieldManager=prober`, config, APPLY)
  assert.deepEqual([status, body.spec.size, body.status], [200, 1, { phase: "Ready" }])
  assert.deepEqual(managers(body), ["Apply prober status", "Update maker"])
  const entry = body.metadata.managedFields[0]
  assert.deepEqual(entry.fieldsV1, { "f:status": { "f:phase": {} } })
})

test("a field that is null is not set in a typed kind, and metadata may be in a custom one", async () => {
  const { send } = await newWidgetServer()
  const typed = await send("POST", CONFIG_MAPS, configMap("a", {}, { creationTimestamp: null, labels: null }))
  assert.equal(typed.status, 201, typed.text)
  assert.equal(typed.body.metadata.creationTimestamp, "2026-01-02T03:04:05Z")
  const custom = await send("POST", WIDGETS, widget("a", {}, { creationTimestamp: null }))
  assert.equal(custom.status, 201, custom.text)
})
