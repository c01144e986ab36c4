// Values of types that nobody expects.
import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const MERGE = { "content-type": "application/merge-patch+json" }
const configMap = (name: string, data: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
})

test("a null in a list or map of a typed kind is an element that says nothing", async () => {
  const { send } = await newWidgetServer()
  const created = await send("POST", CONFIG_MAPS, {
    ...configMap("a", { x: null }),
    metadata: { name: "a", labels: { l: null } },
  })
  assert.deepEqual([created.body.data, created.body.metadata.labels], [{ x: "" }, { l: "" }])
  const owned = await send("PATCH", `${CONFIG_MAPS}/a`, { metadata: { ownerReferences: [null] } }, MERGE)
  assert.match(
    owned.body.message,
    /^ConfigMap "a" is invalid: \[metadata\.ownerReferences\.apiVersion: Invalid value: ""/,
  )
  const apply = { "content-type": "application/apply-patch+yaml" }
  const applied = await send("PATCH", `${CONFIG_MAPS}/b?fieldManager=m`, configMap("b", { x: null }), apply)
  assert.deepEqual([applied.status, applied.body.data], [201, { x: "" }])
})

test("a patch that leaves no object of the kind is refused", async () => {
  const { send } = await newWidgetServer()
  await send("POST", CONFIG_MAPS, configMap("a"))
  const head = "couldn't get version/kind; json parse error: json: cannot unmarshal"
  for (const [patch, why] of [
    [{ apiVersion: [1] }, `${head} array into Go struct field .apiVersion of type string`],
    [{ kind: { toString: 1 } }, `${head} object into Go struct field .kind of type string`],
    // The schema of this test does not name its types.
    [
      { metadata: 5 },
      "json: cannot unmarshal number into Go struct field ConfigMap.metadata of type map[string]interface {}",
    ],
    [{ metadata: { name: { toString: 1 } } }, "Go struct field ConfigMap.metadata.name of type string"],
  ] as const) {
    const { status, body } = await send("PATCH", `${CONFIG_MAPS}/a`, patch, MERGE)
    assert.deepEqual([status, body.message.endsWith(why)], [422, true], body.message)
  }
  const json = { "content-type": "application/json-patch+json" }
  for (const op of [{ op: "remove" }, { op: "add", value: null }, { op: "add", value: [1] }]) {
    const { status } = await send(
      "PATCH",
      `${CONFIG_MAPS}/a?fieldValidation=Strict`,
      [{ ...op, path: "/metadata" }],
      json,
    )
    assert.ok(status === 400 || status === 422)
  }
  const apply = { "content-type": "application/apply-patch+yaml" }
  for (const config of [
    { apiVersion: { toString: 1 }, kind: "ConfigMap" },
    { apiVersion: "v1", kind: [{ toString: 1 }] },
    { apiVersion: "v1", kind: "ConfigMap", metadata: [] },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: { toString: 1 } } },
  ]) {
    assert.equal((await send("PATCH", `${CONFIG_MAPS}/a?fieldManager=m`, config, apply)).status, 400)
  }
  assert.equal((await send("PATCH", `${CONFIG_MAPS}/a`, { kind: null }, MERGE)).status, 200)
})
