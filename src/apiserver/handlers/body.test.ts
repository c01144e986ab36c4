import assert from "node:assert/strict"
import { test } from "node:test"
import { newWidgetServer } from "#apiserver/testing/widget-server.ts"

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
const HEAD = `struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`
const unrecognized = (why: string) => `the object provided is unrecognized (must be of type ConfigMap): ${why}`

// Each of these is what kube-apiserver 1.35 answers.
for (const [body, message] of [
  [
    "[]",
    unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type ${HEAD} (5b5d)`,
    ),
  ],
  [
    '{"apiVersion":[1],"kind":"ConfigMap","metadata":{"name":"a"}}',
    unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal array into Go struct field .apiVersion of type string ({"apiVersion":[1],"kind":"Conf ...)`,
    ),
  ],
  [
    '{"apiVersion":"v1","kind":{"toString":1}}',
    unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal object into Go struct field .kind of type string ({"apiVersion":"v1","kind":{"to ...)`,
    ),
  ],
  [
    '{"metadata":[]}',
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
  ],
] as const) {
  test(`a body that is no object of its kind is 400: ${body}`, async () => {
    const { send } = await newWidgetServer()
    const answer = await send("POST", CONFIG_MAPS, body)
    assert.deepEqual([answer.status, answer.body.message], [400, message])
  })
}

test("a null says nothing of the object", async () => {
  const { send } = await newWidgetServer()
  const message = 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
  const answer = await send("POST", CONFIG_MAPS, "null")
  assert.deepEqual([answer.status, answer.body.message], [422, message])
})

test("a body that is nested too deeply is 400, in every form", async () => {
  const { send } = await newWidgetServer()
  await send("POST", CONFIG_MAPS, { metadata: { name: "a" } })
  const deep = `{"metadata":{"name":"a"},"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
  const sent = [
    ["POST", CONFIG_MAPS, "application/json"],
    ["POST", CONFIG_MAPS, "application/yaml"],
    ["PUT", `${CONFIG_MAPS}/a`, "application/json"],
    ["PATCH", `${CONFIG_MAPS}/a`, "application/merge-patch+json"],
    ["PATCH", `${CONFIG_MAPS}/a`, "application/strategic-merge-patch+json"],
    ["PATCH", `${CONFIG_MAPS}/a?fieldManager=m`, "application/apply-patch+yaml"],
    ["DELETE", `${CONFIG_MAPS}/a`, "application/json"],
  ] as const
  for (const [method, path, type] of sent) {
    assert.equal((await send(method, path, deep, { "content-type": type })).status, 400, `${method} ${type}`)
  }
})

// Each of these is what kube-apiserver 1.35 answers.
for (const [options, message] of [
  [
    '{"gracePeriodSeconds":{"a":1}}',
    "json: cannot unmarshal object into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
  ],
  [
    '{"gracePeriodSeconds":1.5}',
    "json: cannot unmarshal number 1.5 into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
  ],
  [
    '{"orphanDependents":"x"}',
    "json: cannot unmarshal string into Go struct field DeleteOptions.orphanDependents of type bool",
  ],
  [
    '{"preconditions":5}',
    "json: cannot unmarshal number into Go struct field DeleteOptions.preconditions of type v1.Preconditions",
  ],
  [
    '{"apiVersion":[1]}',
    "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go struct field .apiVersion of type string",
  ],
  ["[]", `couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type ${HEAD}`],
  [
    '{"kind":"X","apiVersion":"v1"}',
    'no kind "X" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
] as const) {
  test(`options of a deletion that cannot be read are 400: ${options}`, async () => {
    const { send } = await newWidgetServer()
    const answer = await send("DELETE", `${WIDGETS}/a`, options)
    assert.deepEqual([answer.status, answer.body.message], [400, message])
  })
}

test("options of a deletion in the query: a grace period that is no number is 400", async () => {
  const { send } = await newWidgetServer()
  for (const [query, message] of [
    ["gracePeriodSeconds=abc", 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ["gracePeriodSeconds=", 'strconv.ParseInt: parsing "": invalid syntax'],
    ["gracePeriodSeconds=99999999999999999999", 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
  ] as const) {
    assert.equal((await send("DELETE", `${WIDGETS}/a?${query}`)).body.message, message)
  }
})

for (const [method, path] of [
  ["HEAD", `${CONFIG_MAPS}/a`],
  ["HEAD", CONFIG_MAPS],
  ["PATCH", "/api/v1/watch/namespaces/default/configmaps/a"],
  ["DELETE", "/api/v1/watch/namespaces/default/configmaps"],
  ["get", CONFIG_MAPS],
  ["__proto__", CONFIG_MAPS],
] as const) {
  test(`${method} ${path} is 405`, async () => {
    const { send } = await newWidgetServer()
    assert.equal((await send(method, path)).status, 405)
  })
}
