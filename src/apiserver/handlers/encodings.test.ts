import assert from "node:assert/strict"
import { test } from "node:test"
import { readBody } from "#lib/http.ts"
import { LOOPBACK } from "#apiserver/authentication/user.ts"
import { decodeProtobufObject } from "#apiserver/protobuf/decode.ts"
import { newWidgetServer, type WidgetServer } from "#apiserver/testing/widget-server.ts"

const PROTOBUF = "application/vnd.kubernetes.protobuf"
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"

const ask = async ({ server }: WidgetServer, path: string, accept: string) => {
  const headers = { accept }
  const response = await server.handler({ method: "GET", path, headers, peer: { address: "test", user: LOOPBACK } })
  return { ...response, type: response.headers["content-type"], bytes: await readBody(response.body) }
}

async function withConfigMap(): Promise<WidgetServer> {
  const server = await newWidgetServer()
  await server.send("POST", CONFIG_MAPS, { metadata: { name: "a" }, data: { k: "v" } })
  return server
}

test("an object, a list, a view and a refusal in protobuf", async () => {
  const server = await withConfigMap()
  const one = await ask(server, `${CONFIG_MAPS}/a`, PROTOBUF)
  assert.deepEqual([one.status, one.type], [200, PROTOBUF])
  const object = decodeProtobufObject(one.bytes)
  assert.deepEqual([object.kind, object.metadata.name, object["data"]], ["ConfigMap", "a", { k: "v" }])

  const list = await ask(server, CONFIG_MAPS, `${PROTOBUF},application/json`)
  assert.deepEqual(decodeProtobufObject(list.bytes).kind, "ConfigMapList")

  const partial = await ask(server, WIDGETS, `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`)
  assert.deepEqual([partial.type, decodeProtobufObject(partial.bytes).kind], [PROTOBUF, "PartialObjectMetadataList"])

  const refused = await ask(server, `${CONFIG_MAPS}/none`, PROTOBUF)
  const status = decodeProtobufObject(refused.bytes)
  assert.deepEqual([refused.status, refused.type, status["reason"], status["code"]], [404, PROTOBUF, "NotFound", 404])
})

test("custom resources come in JSON where that will do, and are 406 where it will not", async () => {
  const server = await newWidgetServer()
  const { status, type } = await ask(server, WIDGETS, `${PROTOBUF},application/json`)
  assert.deepEqual([status, type], [200, "application/json"])
  assert.equal((await ask(server, WIDGETS, PROTOBUF)).status, 406)
})

test("a watch in protobuf: messages after their length, a bookmark at the end", async () => {
  const server = await withConfigMap()
  const path = `${CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1`
  const response = await server.server.handler({
    method: "GET",
    path,
    headers: { accept: PROTOBUF },
    peer: { address: "test", user: LOOPBACK },
  })
  assert.equal(response.headers["content-type"], `${PROTOBUF};stream=watch`)
  assert.ok(!(response.body instanceof Uint8Array))
  const chunks: Uint8Array[] = []
  const stop = response.body.start({ write: (chunk) => chunks.push(chunk), end() {} })
  await server.send("PUT", `${CONFIG_MAPS}/a`, { metadata: { name: "a" }, data: { k: "w" } })
  stop()
  const kinds: string[] = []
  let bytes = Buffer.concat(chunks)
  while (bytes.length > 0) {
    const length = bytes.readUInt32BE()
    kinds.push(/ADDED|MODIFIED|BOOKMARK/.exec(bytes.subarray(4, 4 + length).toString("latin1"))?.[0] ?? "?")
    bytes = bytes.subarray(4 + length)
  }
  assert.deepEqual(kinds, ["ADDED", "BOOKMARK", "MODIFIED"])
})
