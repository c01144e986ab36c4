import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { newSpdyConnection } from "./spdy.ts"
import { DICTIONARY } from "./spdy-headers.ts"
import { newRecorder, newSpdyClient, spdyAnswer, until } from "./testing/client.ts"

function open() {
  const wire = newRecorder()
  const heard: string[] = []
  const { receiver } = newSpdyConnection(wire, {
    onStream: (stream) => {
      const { name } = stream.headers
      if (name === undefined) return undefined
      heard.push(`${name} opened`)
      stream.write(Buffer.from(`hello ${name}`))
      return { data: (chunk) => heard.push(`${name}: ${chunk}`), ended: () => heard.push(`${name} ended`) }
    },
    closed: () => heard.push("closed"),
  })
  return { wire, heard, receiver }
}

test("the dictionary is that of SPDY/3", () => assert.equal(DICTIONARY.length, 1423))

test("streams are opened, replied to before anything is written on them, and end", async () => {
  const { wire, heard, receiver } = open()
  const client = newSpdyClient()
  receiver.receive(await client.open(1, { name: "a" }))
  receiver.receive(await client.open(3, { name: "b" }))
  receiver.receive(client.data(1, Buffer.from("x")))
  receiver.receive(client.data(1, Buffer.alloc(0), true))
  receiver.receive(client.ping(7))
  await until(() => spdyAnswer(wire.bytes()).controls.includes(6))
  assert.deepEqual(heard, ["a opened", "b opened", "a: x", "a ended"])
  const answer = spdyAnswer(wire.bytes())
  assert.deepEqual(answer.controls, [2, 2, 6])
  assert.deepEqual(answer.data, { 1: "hello a", 3: "hello b" })
  assert.equal(wire.bytes().readUInt16BE(2), 2)
  receiver.closed()
  await until(() => heard.includes("closed"))
  assert.deepEqual(heard.slice(4), ["b ended", "closed"])
})

test("a stream that nobody takes is reset", async () => {
  const { wire, receiver } = open()
  receiver.receive(await newSpdyClient().open(1, { other: "x" }))
  await until(() => spdyAnswer(wire.bytes()).controls.includes(3))
})

test("any bytes are read or refused, never more", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.boolean(), async (bytes, control) => {
      const { receiver, heard } = open()
      receiver.receive(control ? Buffer.concat([Buffer.of(0x80, 3, 0, 1, 0, 0, 0, bytes.length), bytes]) : bytes)
      receiver.closed()
      await until(() => heard.includes("closed"))
    }),
    { numRuns: 100 },
  )
})
