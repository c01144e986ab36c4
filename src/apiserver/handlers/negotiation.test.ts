import assert from "node:assert/strict"
import { test } from "node:test"
import { bodyFormat, negotiate, type View } from "./negotiation.ts"

const LIST_VIEWS: readonly View[] = ["Table", "PartialObjectMetadataList"]
const KUBECTL_GET =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

for (const { name, headers, views = LIST_VIEWS, stream = false, protobuf = false, want } of [
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
    name: "typed Go client of what has a protobuf form",
    headers: { accept: "application/vnd.kubernetes.protobuf,application/json" },
    protobuf: true,
    want: ["protobuf", undefined, false],
  },
  {
    name: "metadata of what has none itself",
    headers: { accept: "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
    want: ["protobuf", "PartialObjectMetadataList", false],
  },
  {
    name: "a table is never protobuf",
    headers: { accept: "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json" },
    protobuf: true,
    want: ["json", undefined, false],
  },
  {
    name: "typed Go client of a custom resource",
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
    const { mediaType, as, pretty } = negotiate(headers, { views, stream, protobuf })
    assert.deepEqual([mediaType, as, pretty], want)
  })
}

const TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
for (const [accept, message] of [
  ["application/vnd.kubernetes.protobuf", `only the following media types are accepted: ${TYPES}`],
  ["application/json;as=Table;v=v2;g=meta.k8s.io", `only the following media types are accepted: ${TYPES}`],
  ["text/html", `406: Not Acceptable\n\nAvailable representations: ${TYPES}`],
  ["application/cbor", `406: Not Acceptable\n\nAvailable representations: ${TYPES}`],
] as const) {
  test(`negotiate: ${accept} alone is not acceptable`, () => {
    assert.throws(() => negotiate({ accept }, { views: LIST_VIEWS, routed: "object" }), {
      code: 406,
      message,
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
