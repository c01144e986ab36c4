import assert from "node:assert/strict"
import { test } from "node:test"
import { bodyFormat, negotiate, type View } from "./negotiation.ts"

const LIST_VIEWS: readonly View[] = ["Table", "PartialObjectMetadataList"]
const KUBECTL_GET =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

for (const { name, headers, views = LIST_VIEWS, stream = false, want } of [
  { name: "nothing said", headers: {}, want: ["json", undefined, false] },
  { name: "kubectl get", headers: { accept: KUBECTL_GET }, want: ["json", "Table", false] },
  {
    name: "kubectl get of what has no table",
    headers: { accept: KUBECTL_GET },
    views: [],
    want: ["json", undefined, false],
  },
  {
    name: "an older view",
    headers: { accept: "application/json;as=Table;v=v1beta1;g=meta.k8s.io" },
    want: ["json", "Table", false],
  },
  {
    name: "metadata only",
    headers: { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
    want: ["json", "PartialObjectMetadataList", false],
  },
  {
    name: "typed Go client",
    headers: { accept: "application/vnd.kubernetes.protobuf,application/json" },
    want: ["json", undefined, false],
  },
  { name: "yaml", headers: { accept: "application/yaml" }, want: ["yaml", undefined, false] },
  {
    name: "quality decides",
    headers: { accept: "application/json;q=0.5, application/yaml" },
    want: ["yaml", undefined, false],
  },
  { name: "anything", headers: { accept: "*/*" }, want: ["json", undefined, false] },
  { name: "a person", headers: { accept: "*/*", "user-agent": "curl/8.0" }, want: ["json", undefined, true] },
  {
    name: "a watch in YAML falls to the next clause",
    headers: { accept: "application/yaml,application/json" },
    stream: true,
    want: ["json", undefined, false],
  },
] as const) {
  test(`negotiate: ${name}`, () => {
    const { mediaType, as, pretty } = negotiate(headers, { views, pretty: false, stream })
    assert.deepEqual([mediaType, as, pretty], want)
  })
}

for (const accept of [
  "application/vnd.kubernetes.protobuf",
  "text/html",
  "application/json;as=Table;v=v2;g=meta.k8s.io",
  "application/cbor",
]) {
  test(`negotiate: ${accept} alone is not acceptable`, () => {
    assert.throws(() => negotiate({ accept }, { views: LIST_VIEWS, pretty: false }), {
      code: 406,
      message: "only the following media types are accepted: application/json, application/yaml",
    })
  })
}

for (const [type, want] of [
  [undefined, "json"],
  ["application/json; charset=utf-8", "json"],
  ["application/yaml", "yaml"],
  ["application/vnd.kubernetes.protobuf", "protobuf"],
] as const) {
  test(`bodyFormat: ${type} is ${want}`, () => assert.equal(bodyFormat(type), want))
}

test("bodyFormat: what cannot be read is 415", () => {
  assert.throws(() => bodyFormat("application/cbor"), { code: 415 })
  assert.throws(() => bodyFormat("application/vnd.kubernetes.protobuf", true), {
    code: 415,
    reason: "UnsupportedMediaType",
  })
})
