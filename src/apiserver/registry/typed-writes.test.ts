import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const MERGE = { "content-type": "application/merge-patch+json" }
const JSON_PATCH = { "content-type": "application/json-patch+json" }
const APPLY = { "content-type": "application/apply-patch+yaml" }

const widget = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
  spec,
})

test("empty metadata of a custom resource is none, and nobody owns it", async () => {
  const { send } = await newWidgetServer()
  const { body } = await send("POST", WIDGETS, widget("a", {}, { labels: {}, annotations: {}, finalizers: [] }))
  const { labels, annotations, finalizers, managedFields } = body.metadata
  assert.deepEqual([labels, annotations, finalizers], [undefined, undefined, undefined])
  assert.equal(managedFields[0].fieldsV1["f:metadata"], undefined)
})

test("a null in the metadata of a custom resource is an empty text", async () => {
  const { send } = await newWidgetServer()
  const { status, body } = await send("POST", WIDGETS, widget("a", {}, { finalizers: [null] }))
  assert.equal(status, 422)
  assert.match(body.message, /metadata\.finalizers: Invalid value: "": name part must be non-empty/)
})

test("what is applied must not be null", async () => {
  const { send } = await newWidgetServer()
  const { status, body } = await send("PATCH", `${WIDGETS}/a?fieldManager=one`, widget("a", { size: null }), APPLY)
  assert.equal(status, 422)
  assert.match(body.message, /spec\.size in body must be of type integer: "null"/)
})

test("what cannot be applied is told before a name that does not fit", async () => {
  const { send } = await newWidgetServer()
  await send("PATCH", `${WIDGETS}/a?fieldManager=one`, widget("a", { size: 1 }), APPLY)
  const apply = (size: number) => send("PATCH", `${WIDGETS}/a?fieldManager=two`, widget("other", { size }), APPLY)
  assert.equal((await apply(2)).status, 409)
  assert.equal((await apply(1)).status, 400)
})

test("a patch that takes the metadata away is refused", async () => {
  const { send } = await newWidgetServer()
  await send("POST", CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } })
  const patch = { metadata: null, extra: 1 }
  const strict = await send("PATCH", `${CONFIG_MAPS}/a?fieldValidation=Strict`, patch, MERGE)
  assert.equal(strict.status, 422)
  assert.match(strict.body.message, /strict decoding error: unknown field "extra"/)
  assert.equal((await send("PATCH", `${CONFIG_MAPS}/a`, patch, MERGE)).status, 400)
})

test("a patch with a value of the wrong type is refused without warnings", async () => {
  const { send } = await newWidgetServer()
  await send("POST", CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: {} })
  const patch = [{ op: "add", path: "/data/b", value: { x: 1 } }]
  const { status, headers } = await send("PATCH", `${CONFIG_MAPS}/a`, patch, JSON_PATCH)
  assert.equal(status, 422)
  assert.equal(headers["warning"], undefined)
})
