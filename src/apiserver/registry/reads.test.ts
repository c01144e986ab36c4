import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer, type Answer } from "#apiserver/testing/widget-server.ts"

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const widget = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
  spec,
})
const names = ({ body }: Answer): string[] => body.items.map((i: { metadata: { name: string } }) => i.metadata.name)

async function serverWith(count: number, historyEventsMax = 1000) {
  const server = await newWidgetServer({ store: { historyEventsMax } })
  for (let i = 0; i < count; i++) {
    await server.send(
      "POST",
      WIDGETS,
      widget(`w${i}`, { color: i % 2 ? "blue" : "red" }, { labels: { parity: String(i % 2) } }),
    )
  }
  return server
}

test("a list of custom objects names its kind and each item's", async () => {
  const { send } = await serverWith(2)
  const { body } = await send("GET", WIDGETS)
  assert.deepEqual(
    [body.kind, body.apiVersion, body.metadata],
    ["WidgetList", "example.com/v1", { resourceVersion: "4", continue: "" }],
  )
  assert.deepEqual(names({ body } as Answer), ["w0", "w1"])
  assert.deepEqual(
    body.items.map((i: { kind: string; apiVersion: string; metadata: { resourceVersion: string } }) => [
      i.kind,
      i.apiVersion,
      i.metadata.resourceVersion,
    ]),
    [
      ["Widget", "example.com/v1", "3"],
      ["Widget", "example.com/v1", "4"],
    ],
  )
})

test("items of a built-in list leave version and kind out", async () => {
  const { send } = await newWidgetServer()
  const { body } = await send("GET", "/api/v1/namespaces")
  assert.deepEqual([body.kind, body.apiVersion, body.metadata], ["NamespaceList", "v1", { resourceVersion: "2" }])
  assert.deepEqual(Object.keys(body.items[0]), ["metadata"])
})

test("a namespace that does not exist lists empty", async () => {
  const { send } = await serverWith(1)
  assert.deepEqual(names(await send("GET", "/apis/example.com/v1/namespaces/none/widgets")), [])
  assert.deepEqual(names(await send("GET", "/apis/example.com/v1/widgets")), ["w0"])
})

for (const { query, want } of [
  { query: "labelSelector=parity%3D1", want: ["w1", "w3"] },
  { query: "labelSelector=parity+in+(0),parity", want: ["w0", "w2"] },
  { query: "labelSelector=!parity", want: [] },
  { query: "fieldSelector=metadata.name%3Dw2", want: ["w2"] },
  { query: "fieldSelector=metadata.name!%3Dw2", want: ["w0", "w1", "w3"] },
  { query: "fieldSelector=metadata.namespace%3Ddefault,metadata.name%3Dw1", want: ["w1"] },
  { query: "fieldSelector=metadata.namespace%3Dother", want: [] },
  { query: "fieldSelector=spec.color%3Dblue", want: ["w1", "w3"] },
  { query: "fieldSelector=spec.color%3Dblue,metadata.name%3Dw0", want: [] },
  { query: "fieldSelector=metadata.name%3Dw1,metadata.name%3Dw2", want: [] },
]) {
  for (const path of [WIDGETS, "/apis/example.com/v1/widgets"]) {
    test(`${path.includes("default") ? "one namespace" : "all namespaces"}, ${query}`, async () => {
      const { send } = await serverWith(4)
      assert.deepEqual(names(await send("GET", `${path}?${query}`)), want)
    })
  }
}

test("unknown fields and unreadable selectors are refused", async () => {
  const { send } = await serverWith(1)
  const field = await send("GET", `${WIDGETS}?fieldSelector=spec.size%3D1`)
  assert.deepEqual([field.status, field.body.message], [400, "field label not supported: spec.size"])
  const plain = await send("GET", "/api/v1/configmaps?fieldSelector=foo%3D1")
  assert.equal(plain.body.message, '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"')
  assert.equal((await send("GET", `${WIDGETS}?labelSelector=a+b`)).status, 400)
})

test("pages are one snapshot, whatever happens meanwhile", async () => {
  const { send } = await serverWith(5)
  const first = await send("GET", `${WIDGETS}?limit=2`)
  assert.deepEqual(
    [names(first), first.body.metadata.remainingItemCount, first.body.metadata.resourceVersion],
    [["w0", "w1"], 3, "7"],
  )
  await send("DELETE", `${WIDGETS}/w2`)
  await send("POST", WIDGETS, widget("w11"))
  const second = await send("GET", `${WIDGETS}?limit=2&continue=${first.body.metadata.continue}`)
  assert.deepEqual(
    [names(second), second.body.metadata.remainingItemCount, second.body.metadata.resourceVersion],
    [["w2", "w3"], 1, "7"],
  )
  const last = await send("GET", `${WIDGETS}?limit=2&continue=${second.body.metadata.continue}`)
  assert.deepEqual(
    [names(last), last.body.metadata.continue, last.body.metadata.remainingItemCount],
    [["w4"], "", undefined],
  )
})

test("pages with a selector count nothing", async () => {
  const { send } = await serverWith(6)
  const first = await send("GET", `${WIDGETS}?limit=2&labelSelector=parity%3D1`)
  assert.deepEqual([names(first), first.body.metadata.remainingItemCount], [["w1", "w3"], undefined])
  const last = await send("GET", `${WIDGETS}?limit=2&labelSelector=parity%3D1&continue=${first.body.metadata.continue}`)
  assert.deepEqual([names(last), last.body.metadata.continue], [["w5"], ""])
})

test("a token whose snapshot is gone answers 410 with one for the rest", async () => {
  const { send } = await serverWith(5, 3)
  const first = await send("GET", `${WIDGETS}?limit=2`)
  for (let i = 0; i < 5; i++) await send("POST", WIDGETS, widget(`x${i}`))
  const gone = await send("GET", `${WIDGETS}?limit=2&continue=${first.body.metadata.continue}`)
  assert.deepEqual([gone.status, gone.body.reason], [410, "Expired"])
  assert.match(gone.body.message, /^The provided continue parameter is too old/)
  const rest = await send("GET", `${WIDGETS}?continue=${gone.body.metadata.continue}`)
  assert.deepEqual(names(rest), ["w2", "w3", "w4", "x0", "x1", "x2", "x3", "x4"])
})

for (const { query, code, message } of [
  { query: "continue=x", code: 400, message: /continue key is not valid/ },
  {
    query: "resourceVersion=x",
    code: 400,
    message: /invalid resource version: resourceVersion: Invalid value: "x": strconv/,
  },
  {
    query: "resourceVersionMatch=Exact",
    code: 422,
    message: /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided/,
  },
  {
    query: "resourceVersion=0&resourceVersionMatch=Exact",
    code: 422,
    message: /resourceVersionMatch "exact" is forbidden for resourceVersion "0"/,
  },
  { query: "resourceVersion=1&resourceVersionMatch=Foo", code: 422, message: /Unsupported value: "Foo"/ },
]) {
  test(`list refuses ${query}`, async () => {
    const { send } = await serverWith(1)
    const answer = await send("GET", `${WIDGETS}?${query}`)
    assert.equal(answer.status, code, answer.text)
    assert.match(answer.body.message, message)
  })
}

test("resourceVersion decides how old a list may be", async () => {
  const { send } = await serverWith(3)
  await send("DELETE", `${WIDGETS}/w0`)
  assert.deepEqual(names(await send("GET", `${WIDGETS}?resourceVersion=4&resourceVersionMatch=Exact`)), ["w0", "w1"])
  assert.deepEqual(names(await send("GET", `${WIDGETS}?resourceVersion=4&resourceVersionMatch=NotOlderThan`)), [
    "w1",
    "w2",
  ])
  assert.deepEqual(names(await send("GET", `${WIDGETS}?resourceVersion=4`)), ["w1", "w2"])
  assert.deepEqual(names(await send("GET", `${WIDGETS}?resourceVersion=5&limit=1`)), ["w0"])
  assert.deepEqual(names(await send("GET", `${WIDGETS}?resourceVersion=0&limit=1`)), ["w1", "w2"])
})

test("a revision of the future is waited for, three seconds at most", async () => {
  const { send, clock } = await serverWith(1)
  const waiting = send("GET", `${WIDGETS}/w0?resourceVersion=4`)
  await clock.advance(2000)
  await send("POST", WIDGETS, widget("x"))
  assert.equal((await waiting).status, 200)
  const late = send("GET", `${WIDGETS}?resourceVersion=100`)
  await clock.advance(3000)
  const { status, body, headers } = await late
  assert.deepEqual(
    [status, body.message, headers["retry-after"]],
    [504, "Timeout: Too large resource version: 100, current: 4", "1"],
  )
  assert.equal(body.details.causes[0].reason, "ResourceVersionTooLarge")
  assert.equal(clock.timerCount, 0)
})

test("views of objects and lists", async () => {
  const { send } = await serverWith(2)
  const accept = (as: string) => ({ accept: `application/json;as=${as};g=meta.k8s.io;v=v1` })
  const one = await send("GET", `${WIDGETS}/w0`, undefined, accept("PartialObjectMetadata"))
  assert.deepEqual(Object.keys(one.body), ["kind", "apiVersion", "metadata"])
  assert.deepEqual(
    [one.body.kind, one.body.apiVersion, one.body.metadata.name],
    ["PartialObjectMetadata", "meta.k8s.io/v1", "w0"],
  )
  const list = await send("GET", WIDGETS, undefined, accept("PartialObjectMetadataList"))
  assert.deepEqual(
    [list.body.kind, names(list), list.body.items[1].spec],
    ["PartialObjectMetadataList", ["w0", "w1"], undefined],
  )
  const table = await send("GET", WIDGETS, undefined, accept("Table"))
  assert.deepEqual([table.body.kind, table.body.metadata.resourceVersion], ["Table", "4"])
  assert.deepEqual(
    table.body.rows.map((r: { cells: unknown[] }) => r.cells),
    [["w0"], ["w1"]],
  )
  assert.equal(table.body.rows[0].object.kind, "PartialObjectMetadata")
  const whole = await send("GET", `${WIDGETS}/w0?includeObject=Object`, undefined, accept("Table"))
  assert.equal(whole.body.rows[0].object.kind, "Widget")
})

test("YAML and indented JSON", async () => {
  const { send } = await serverWith(1)
  const yaml = await send("GET", `${WIDGETS}/w0`, undefined, { accept: "application/yaml" })
  assert.equal(yaml.headers["content-type"], "application/yaml")
  assert.match(yaml.text, /^apiVersion: example.com\/v1\nkind: Widget\n/)
  const pretty = await send("GET", `${WIDGETS}/w0?pretty=true`)
  assert.match(pretty.text, /^\{\n  "apiVersion"/)
  const posted = await send("POST", WIDGETS, "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: y\n", {
    "content-type": "application/yaml",
  })
  assert.equal(posted.status, 201)
  assert.equal((await send("GET", WIDGETS, undefined, { accept: "text/html" })).status, 406)
  assert.equal((await send("POST", WIDGETS, "x", { "content-type": "text/html" })).status, 415)
})
