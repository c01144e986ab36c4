// Sends a script's requests, one after the other, and keeps what is answered.
import { connect, type Connection, type Lines, type Outgoing, type RawAnswer, type Target } from "./send.ts"
import { normalAnswers, type Answer } from "./normal.ts"
import type { Script, Sender, Step } from "./script.ts"
import { valueAt } from "./value-at.ts"

const AGAIN_AFTER_MS = 25
const UNTIL_WITHIN_MS = 10_000
/** Scripts under way at a time: most of their time goes into waiting for a server's clock. */
const SCRIPTS_AT_ONCE = 4

export type Recording = { readonly name: string; readonly answers: readonly Answer[] }

/** Runs scripts on a fresh server: each finds only its own namespace. */
export async function runScripts(target: Target, scripts: readonly Script[]): Promise<Recording[]> {
  const connection = connect(target)
  try {
    const recordings = new Map<string, Recording>()
    const run = async (script: Script) => void recordings.set(script.name, await runScript(connection, target, script))
    for (const script of scripts) if (script.alone === true) await run(script)
    const rest = scripts.filter((script) => script.alone !== true).values()
    const worker = async () => {
      for (const script of rest) await run(script)
    }
    await Promise.all(Array.from({ length: SCRIPTS_AT_ONCE }, worker))
    return scripts.map(({ name }) => recordings.get(name)!)
  } finally {
    connection.close()
  }
}

async function runScript(connection: Connection, target: Target, script: Script): Promise<Recording> {
  const captured = new Map<string, string>([["ns", script.name]])
  const streams = new Map<string, Lines>()
  const raw: { step: Step; answer: RawAnswer }[] = []
  if (script.alone !== true) await makeNamespace(connection, script.name)
  for (const step of script.steps) {
    const answer = await runStep(connection, step, captured, streams)
    if (step.quiet !== true) raw.push({ step, answer })
  }
  for (const stream of streams.values()) stream.close()
  return { name: script.name, answers: normalAnswers(raw, { server: target.server, captured }) }
}

/** Controllers put things into a new namespace; lists would see them come. */
async function makeNamespace(connection: Connection, name: string): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } }
  await connection.send(outgoing({ method: "POST", path: "/api/v1/namespaces", body }, new Map()))
  for (const path of ["serviceaccounts/default", "configmaps/kube-root-ca.crt"]) {
    await runStep(
      connection,
      { method: "GET", path: `/api/v1/namespaces/${name}/${path}`, until: { path: "status", is: 200 } },
      new Map(),
      new Map(),
    )
  }
}

async function runStep(
  connection: Connection,
  step: Step,
  captured: Map<string, string>,
  streams: Map<string, Lines>,
): Promise<RawAnswer> {
  if (step.events !== undefined) {
    const lines = (await streams.get(step.events.of)?.read(step.events.count)) ?? ["not open"]
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      captured.set(name, String(valueAt(lines.map(parsed), path)))
    }
    return { status: 0, headers: {}, text: lines.join("\n") }
  }
  const request = outgoing(step, captured)
  if (step.watch !== undefined) {
    const { answer, lines } = await connection.open(request)
    if (lines !== undefined) streams.set(step.watch, lines)
    return answer
  }
  const deadline = Date.now() + UNTIL_WITHIN_MS
  for (;;) {
    const answer = await connection.send(request)
    if (step.until !== undefined && !holds(answer, step.until) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS))
      continue
    }
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      captured.set(name, String(valueAt(parsed(answer.text), path) ?? ""))
    }
    return answer
  }
}

function holds(answer: RawAnswer, { path, is }: { readonly path: string; readonly is: unknown }): boolean {
  return (path === "status" ? answer.status : valueAt(parsed(answer.text), path)) === is
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function outgoing(step: Step, captured: ReadonlyMap<string, string>): Outgoing {
  const fill = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => captured.get(name) ?? "")
  const headers = Object.fromEntries(Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value)]))
  const body = step.body === undefined ? undefined : bytesOf(step.body, fill)
  const as: Sender =
    typeof step.as === "object" && "token" in step.as ? { token: fill(step.as.token) } : (step.as ?? "admin")
  return { method: step.method, path: fill(step.path), headers, as, ...(body === undefined ? {} : { body }) }
}

function bytesOf(body: unknown, fill: (text: string) => string): Uint8Array {
  if (typeof body !== "string") return Buffer.from(fill(JSON.stringify(body)))
  return body.startsWith("base64:") ? Buffer.from(body.slice("base64:".length), "base64") : Buffer.from(fill(body))
}
