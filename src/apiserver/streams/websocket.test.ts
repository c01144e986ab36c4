import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { clientFrame, newRecorder, serverFrames } from "./testing/client.ts"
import { newWebSocket, webSocketHeaders, type WebSocketSide } from "./websocket.ts"

function open() {
  const wire = newRecorder()
  const messages: string[] = []
  let side: WebSocketSide | undefined
  const receiver = newWebSocket(wire, (given) => {
    side = given
    return { message: (bytes) => messages.push(bytes.toString()), closed: () => messages.push("(closed)") }
  })
  return { wire, messages, receiver, side: side! }
}

test("the answer to a handshake is that of RFC 6455", () => {
  const headers = webSocketHeaders({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" }, "v5.channel.k8s.io")
  assert.equal(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  assert.equal(headers["sec-websocket-protocol"], "v5.channel.k8s.io")
})

test("messages arrive whole, however they are cut", () => {
  const texts = fc.array(fc.string({ maxLength: 300 }), { maxLength: 5 })
  fc.assert(
    fc.property(texts, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
      const { messages, receiver } = open()
      const bytes = Buffer.concat(sent.map((text) => clientFrame(2, Buffer.from(text))))
      for (let at = 0, i = 0; at < bytes.length; i++)
        receiver.receive(bytes.subarray(at, (at += cuts[i % cuts.length]!)))
      assert.deepEqual(messages, sent)
    }),
    { numRuns: 100 },
  )
})

test("pieces make one message, and pings between them are answered", () => {
  const { wire, messages, receiver } = open()
  receiver.receive(clientFrame(2, Buffer.from("a"), false))
  receiver.receive(clientFrame(9, Buffer.from("?")))
  receiver.receive(clientFrame(0, Buffer.from("b")))
  assert.deepEqual(messages, ["ab"])
  assert.deepEqual(serverFrames(wire.bytes()), [{ opcode: 10, body: Buffer.from("?") }])
})

test("what is sent can be read back; a close ends the connection", () => {
  const { wire, side, receiver } = open()
  side.send(Buffer.from("x"), Buffer.alloc(200, "y"))
  receiver.receive(clientFrame(8, Buffer.of(3, 232)))
  side.send(Buffer.from("too late"))
  const frames = serverFrames(wire.bytes())
  assert.deepEqual(
    frames.map(({ opcode, body }) => [opcode, body.length]),
    [
      [2, 201],
      [8, 2],
    ],
  )
  assert.ok(wire.ended())
})

for (const { name, bytes, code } of [
  { name: "a frame without a mask", bytes: Buffer.of(0x82, 1, 65), code: 1002 },
  { name: "a frame that is too long", bytes: Buffer.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0), code: 1009 },
]) {
  test(`${name} ends the connection`, () => {
    const { wire, receiver } = open()
    receiver.receive(bytes)
    assert.equal(serverFrames(wire.bytes())[0]?.body.readUInt16BE(0), code)
    assert.ok(wire.ended())
  })
}

test("any bytes are read or refused, never more", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => open().receiver.receive(bytes)),
    { numRuns: 200 },
  )
})
