// One request over TLS, and streams that are read piece by piece.
import { Agent, request, type RequestOptions } from "node:https"
import type { IncomingMessage } from "node:http"
import type { Sender } from "./script.ts"

/** A server, and the administrator's credentials there. */
export type Target = {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export type RawAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly text: string
}

export type Outgoing = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly as: Sender
}

/** Lines of a stream. */
export interface Lines {
  /** Waits for more: resolves with what came, fewer than `count` when the stream ended or nothing came for a while. */
  read(count: number | "end"): Promise<string[]>
  close(): void
}

export interface Connection {
  send(outgoing: Outgoing): Promise<RawAnswer>
  /** Resolves when the head is there; what is no success is read to its end. */
  open(outgoing: Outgoing): Promise<{ readonly answer: RawAnswer; readonly lines?: Lines }>
  close(): void
}

const ANSWER_WITHIN_MS = 20_000
const EVENT_WITHIN_MS = 5000

export function connect({ server, ca, cert, key }: Target): Connection {
  const admin = new Agent({ keepAlive: true, ca, cert, key, maxSockets: 32 })
  const nobody = new Agent({ keepAlive: true, ca, maxSockets: 32 })
  const start = ({ method, path, headers, body, as }: Outgoing): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options: RequestOptions = { method, agent: as === "anonymous" || isToken(as) ? nobody : admin }
      const lengthed = body === undefined ? {} : { "content-length": String(body.length) }
      const all = { "user-agent": "differ/v1 (test)", ...senderHeaders(as), ...lengthed, ...headers }
      const req = request(server + path, { ...options, headers: all }, resolve)
      req.setTimeout(ANSWER_WITHIN_MS, () => req.destroy(new Error(`no answer to ${method} ${path}`)))
      req.on("error", reject)
      req.end(body)
    })
  return {
    // A server that breaks off gives an answer like any other: one that must not differ.
    send: (outgoing) =>
      start(outgoing).then(
        async (response) => headOf(response, await textOf(response)),
        (error: Error) => ({ status: 0, headers: {}, text: `broken off: ${error.message}` }),
      ),
    open: async (outgoing) => {
      const response = await start(outgoing)
      if (response.statusCode !== 200) return { answer: headOf(response, await textOf(response)) }
      return { answer: headOf(response, ""), lines: linesOf(response) }
    },
    close: () => {
      admin.destroy()
      nobody.destroy()
    },
  }
}

type Bearer = Extract<Sender, { readonly token: string }>
const isToken = (as: Sender): as is Bearer => typeof as === "object" && "token" in as

function senderHeaders(as: Sender): Record<string, string | string[]> {
  if (as === "admin" || as === "anonymous") return {}
  if (isToken(as)) return { authorization: `Bearer ${as.token}` }
  return { "impersonate-user": as.user, ...(as.groups === undefined ? {} : { "impersonate-group": [...as.groups] }) }
}

function headOf(response: IncomingMessage, text: string): RawAnswer {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(response.headers)) if (value !== undefined) headers[name] = value
  // Node joins what a header says twice.
  const warnings = response.headersDistinct["warning"]
  if (warnings !== undefined) headers["warning"] = warnings
  return { status: response.statusCode ?? 0, headers, text }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function linesOf(response: IncomingMessage): Lines {
  const unread: string[] = []
  let rest = ""
  let ended = false
  let wake = () => {}
  response.setEncoding("utf8")
  response.on("data", (text: string) => {
    const parts = (rest + text).split("\n")
    rest = parts.pop()!
    unread.push(...parts)
    wake()
  })
  const end = () => {
    ended = true
    wake()
  }
  response.on("end", end)
  response.on("error", end)
  response.on("close", end)
  const more = () =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), EVENT_WITHIN_MS)
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  return {
    async read(count) {
      const enough = () => ended || (count !== "end" && unread.length >= count)
      while (!enough()) if (!(await more())) break
      return unread.splice(0, count === "end" ? unread.length : count)
    },
    close: () => response.destroy(),
  }
}
