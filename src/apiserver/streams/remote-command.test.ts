import assert from "node:assert/strict"
import { test } from "node:test"
import { newVirtualClock } from "#lib/virtual-clock.ts"
import { portForwardResponse } from "./port-forward.ts"
import { remoteCommandResponse, type RemoteCommand } from "./remote-command.ts"
import { clientFrame, newRecorder, newSpdyClient, serverFrames, spdyAnswer, until } from "./testing/client.ts"

const SOCKET = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-key": "k" }
const EXEC = { ...SOCKET, "sec-websocket-protocol": "v5.channel.k8s.io,v4.channel.k8s.io" }
const SPDY = {
  upgrade: "SPDY/3.1",
  connection: "Upgrade",
  "x-stream-protocol-version": "v4.channel.k8s.io, v3.channel.k8s.io",
}
const OUTPUT = { stdin: false, stdout: true, stderr: true, tty: false }
const clock = newVirtualClock(0)

const says: RemoteCommand = async (io) => {
  io.output(Buffer.from("out"))
  io.error(Buffer.from("err"))
  return { exitCode: 3 }
}
const copies: RemoteCommand = (io) =>
  new Promise((resolve) => io.onInput((chunk) => (chunk === undefined ? resolve({ exitCode: 0 }) : io.output(chunk))))

test("a command over a WebSocket: output by channel, then how it ended, then the close", async () => {
  const answer = remoteCommandResponse(EXEC, OUTPUT, { clock, run: says })
  assert.deepEqual([answer.status, answer.headers["sec-websocket-protocol"]], [101, "v5.channel.k8s.io"])
  const wire = newRecorder()
  answer.upgrade!(wire)
  await until(() => wire.ended())
  const [out, err, status, close] = serverFrames(wire.bytes())
  assert.deepEqual([out!.body.toString("latin1"), err!.body.toString("latin1")], ["\u0001out", "\u0002err"])
  assert.equal(status!.body[0], 3)
  assert.deepEqual(JSON.parse(status!.body.subarray(1).toString()).details.causes, [
    { reason: "ExitCode", message: "3" },
  ])
  assert.equal(close!.opcode, 8)
})

test("input over a WebSocket, and its end", async () => {
  const wire = newRecorder()
  const receiver = remoteCommandResponse(EXEC, { ...OUTPUT, stdin: true }, { clock, run: copies }).upgrade!(wire)
  receiver.receive(clientFrame(2, Buffer.from("\u0000typed")))
  receiver.receive(clientFrame(2, Buffer.of(255, 0)))
  await until(() => wire.ended())
  const [out, status] = serverFrames(wire.bytes())
  assert.equal(out!.body.subarray(1).toString(), "typed")
  assert.equal(JSON.parse(status!.body.subarray(1).toString()).status, "Success")
})

test("a command over SPDY begins when its streams are there", async () => {
  const answer = remoteCommandResponse(SPDY, OUTPUT, { clock, run: says })
  assert.deepEqual([answer.status, answer.headers["x-stream-protocol-version"]], [101, "v4.channel.k8s.io"])
  const wire = newRecorder()
  const receiver = answer.upgrade!(wire)
  const client = newSpdyClient()
  for (const [i, streamtype] of ["error", "stdout", "stderr"].entries())
    receiver.receive(await client.open(2 * i + 1, { streamtype }))
  await until(() => spdyAnswer(wire.bytes()).ended.length === 3)
  const { data } = spdyAnswer(wire.bytes())
  assert.deepEqual([data[3], data[5]], ["out", "err"])
  assert.equal(JSON.parse(data[1]!).reason, "NonZeroExitCode")
})

test("a client that never opens its streams is let go", async () => {
  const wire = newRecorder()
  remoteCommandResponse(SPDY, OUTPUT, { clock, run: says }).upgrade!(wire)
  await clock.advance(30_000)
  assert.ok(wire.ended())
})

test("clients that speak another protocol are told which are spoken", () => {
  const refused = { ...SPDY, "x-stream-protocol-version": "channel.k8s.io" }
  assert.equal(remoteCommandResponse(refused, OUTPUT, { clock, run: says }).status, 403)
  assert.throws(() => remoteCommandResponse({}, OUTPUT, { clock, run: says }), /SPDY/)
  assert.throws(() => portForwardResponse({}, () => assert.fail()), /Upgrade request required/)
})

test("a connection to a port, over SPDY in a WebSocket", async () => {
  const headers = { ...SOCKET, "sec-websocket-protocol": "SPDY/3.1+portforward.k8s.io" }
  const answer = portForwardResponse(headers, (port, connection) => ({
    receive(chunk) {
      connection.write(Buffer.from(`${port}: ${Buffer.from(chunk).toString()}`))
      connection.end()
    },
    closed: () => undefined,
  }))
  const wire = newRecorder()
  const receiver = answer.upgrade!(wire)
  const client = newSpdyClient()
  const send = (bytes: Buffer) => receiver.receive(clientFrame(2, bytes))
  send(await client.open(1, { streamtype: "error", port: "80", requestid: "0" }))
  send(await client.open(3, { streamtype: "data", port: "80", requestid: "0" }))
  send(client.data(3, Buffer.from("GET")))
  const inner = () => spdyAnswer(Buffer.concat(serverFrames(wire.bytes()).map(({ body }) => body)))
  await until(() => inner().ended.length === 2)
  assert.deepEqual(inner().data[3], "80: GET")
})
