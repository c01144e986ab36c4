// An embedded server in memory that remembers what it did not foresee: whatever it logs as an error is a fault.
import { describeError, silentLog, type Log } from "#lib/log.ts"
import { readBody, type HttpResponse } from "#lib/http.ts"
import { seededRandom } from "#lib/random.ts"
import { newVirtualClock, type VirtualClock } from "#lib/virtual-clock.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { LOOPBACK } from "#apiserver/authentication/user.ts"
import type { ServerRequest } from "#apiserver/request.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"
import type { Runtime } from "#runtime/controller.ts"
import { GADGETS } from "./gadgets.ts"
import { goodObjects } from "./good-objects.ts"

export type HostileServer = {
  readonly server: EmbeddedServer
  readonly clock: VirtualClock
  /** What was logged as an error since the last call. */
  faults(): string[]
  /** Sends a request and reads a whole answer; a watch is read up to where it would wait. Virtual time passes as needed. */
  send(request: Omit<ServerRequest, "peer"> & { readonly peer?: ServerRequest["peer"] }): Promise<Answer>
  end(): void
}

export type Answer = Pick<HttpResponse, "status" | "headers"> & { readonly text: string; readonly isWatch: boolean }

/** Enough for every wait and deadline of the server. */
const PATIENCE_MS = 120_000

export async function newHostileServer(): Promise<HostileServer> {
  const faults: string[] = []
  const ending = new AbortController()
  const clock = newVirtualClock(Date.parse("2026-01-02T03:04:05Z"))
  const random = seededRandom(1)
  const log: Log = {
    ...silentLog,
    error: (message, fields) => {
      const error = fields?.["error"]
      faults.push(`${message}: ${error instanceof Error ? (error.stack ?? describeError(error)) : String(error)}`)
    },
    with: () => log,
  }
  const runtime: Runtime = { clock, random, log, signal: ending.signal }
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock, random })
  const server = await newEmbeddedServer(runtime, {
    storage: memoryStorage(),
    pki,
    issuer: "https://hub",
    flowControl: true,
  })
  const send: HostileServer["send"] = async (request) => {
    let answered: HttpResponse | undefined
    let failed: unknown
    server.handler({ peer: { address: "192.0.2.1" }, ...request }).then(
      (response) => (answered = response),
      (error: unknown) => (failed = error),
    )
    for (let turns = 0; answered === undefined && failed === undefined && turns < 3; turns++) await clock.settle()
    if (answered === undefined && failed === undefined) {
      await clock.runUntil(() => answered !== undefined || failed !== undefined, PATIENCE_MS)
    }
    if (failed !== undefined) throw failed
    if (answered === undefined) throw new Error(`no answer to ${request.method} ${request.path}`)
    if (answered.body instanceof Uint8Array) {
      return { ...answered, text: Buffer.from(await readBody(answered.body)).toString(), isWatch: false }
    }
    let text = ""
    const stop = answered.body.start({
      write(chunk) {
        text += Buffer.from(chunk).toString()
        return 0
      },
      end() {},
    })
    await clock.settle()
    stop()
    return { ...answered, text, isWatch: true }
  }
  const hostile: HostileServer = {
    server,
    clock,
    faults: () => faults.splice(0),
    send,
    end: () => ending.abort(),
  }
  await server.api.bootstrap(GADGETS)
  await clock.settle()
  await createSomething(hostile)
  return hostile
}

/** Objects of most kinds, so that there is something to change. */
async function createSomething({ server, send }: HostileServer): Promise<void> {
  const peer = { address: "setup", user: LOOPBACK }
  for (const info of server.api.resources.all()) {
    const root = info.group === "" ? "/api" : `/apis/${info.group}`
    const path = `${root}/${info.version}${info.namespaced ? "/namespaces/n" : ""}/${info.resource}`
    for (const name of ["a", "b", "c"]) {
      for (const object of goodObjects(info).slice(0, 5)) {
        const text = JSON.stringify({ ...object, metadata: { ...object.metadata, name, namespace: undefined } })
        const made = await send({ method: "POST", path, headers: {}, body: Buffer.from(text), peer })
        if (made.status === 201) break
      }
    }
  }
}
