// What a kubelet answers of its pods: their logs, commands in them, connections to their ports. Nothing runs in these.
import { PODS, type Pod } from "#api/kubernetes/core.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import type { Clock } from "#lib/clock.ts"
import type { ByteConnection, ByteReceiver, HttpResponse } from "#lib/http.ts"
import type { Connect, ConnectRequest } from "#apiserver/handlers/connect.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { portForwardResponse } from "#apiserver/streams/port-forward.ts"
import { remoteCommandResponse, type CommandIo, type RemoteCommand } from "#apiserver/streams/remote-command.ts"
import { runSimulated } from "./commands.plan.ts"
import { statusOf } from "./log-lines.plan.ts"
import { answerLog, followLines } from "./logs.ts"

type Deps = { readonly clock: Clock; readonly reader: ObjectReader }

/** @returns what answers `log`, `exec`, `attach` and `portforward` of pods */
export function podConnections(deps: Deps): Connect {
  return (request) => {
    if (request.resource !== "pods") return undefined
    const pod = deps.reader.get(PODS, request.namespace, request.name) as Pod | undefined
    if (pod === undefined) return undefined
    switch (request.subresource) {
      case "log":
        return answerLog(deps, pod, containerOf(pod, request), request.query)
      case "exec":
        return answerCommand(deps, request, startedContainer(pod, request), execution(deps, pod, request))
      case "attach":
        return answerCommand(deps, request, startedContainer(pod, request), attachment(deps, pod, request))
      case "portforward":
        hostOf(pod)
        return portForwardResponse(request.headers, (port, connection) => pageOf(pod, port, connection))
      default:
        return undefined
    }
  }
}

/** @throws StatusError BadRequest */
function containerOf(pod: Pod, { query }: ConnectRequest): string {
  const name = pod.metadata.name ?? ""
  const asked = query.get("container") ?? ""
  const { containers, initContainers = [] } = pod.spec
  const names = [...initContainers, ...containers].map((container) => container.name)
  if (asked !== "") {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  if (containers.length === 1) return containers[0]!.name
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`)
}

function hostOf({ spec, metadata }: Pod): string {
  if (!spec.nodeName) throw badRequest(`pod ${metadata.name} does not have a host assigned`)
  return spec.nodeName
}

/** @throws StatusError BadRequest for one that does not run */
function startedContainer(pod: Pod, request: ConnectRequest): string {
  const container = containerOf(pod, request)
  hostOf(pod)
  const state = statusOf(pod, container)?.state ?? {}
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`)
  if (!("running" in state)) throw badRequest(`container ${container} of pod ${pod.metadata.name} is not running`)
  return container
}

const flag = (query: URLSearchParams, name: string) => ["true", "1"].includes(query.get(name) ?? "")

function answerCommand(
  { clock }: Deps,
  { headers, query }: ConnectRequest,
  _container: string,
  run: RemoteCommand,
): HttpResponse {
  const [stdin, stdout, stderr, tty] = ["stdin", "stdout", "stderr", "tty"].map((name) => flag(query, name))
  const streams = { stdin: stdin!, stdout: stdout!, stderr: stderr!, tty: tty! }
  if (!stdin && !stdout && !stderr) throw badRequest("you must specify at least 1 of stdin, stdout, stderr")
  return remoteCommandResponse(headers, streams, { clock, run })
}

function execution({ clock }: Deps, pod: Pod, request: ConnectRequest): RemoteCommand {
  const argv = request.query.getAll("command")
  const container = containerOf(pod, request)
  if (argv.length === 0) throw badRequest("you must specify at least one command for the container")
  return async (io) => {
    const result = runSimulated(argv, pod, container, clock.nowMs())
    if (result === "cat") return copyInput(io)
    if (result.output !== "") io.output(Buffer.from(result.output))
    if (result.error !== undefined) io.error(Buffer.from(result.error))
    return { exitCode: result.exitCode }
  }
}

const copyInput = (io: CommandIo) =>
  new Promise<{ exitCode: number }>((resolve) =>
    io.onInput((chunk) => (chunk === undefined ? resolve({ exitCode: 0 }) : io.output(chunk))),
  )

/** Whoever attaches hears what the container says from now on, until it ends or they go. */
function attachment(deps: Deps, pod: Pod, request: ConnectRequest): RemoteCommand {
  const container = containerOf(pod, request)
  return (io) =>
    new Promise((resolve) => {
      const { stop } = followLines(deps, pod, container, {
        say: (text) => io.output(Buffer.from(text)),
        ended: () => resolve({ exitCode: 0 }),
      })
      io.signal.addEventListener("abort", () => {
        stop()
        resolve({ exitCode: 0 })
      })
    })
}

const REQUEST_BYTES_MAX = 64 * 1024

/** An HTTP server of one page, whatever is asked for: it says which pod and port it is. */
function pageOf(pod: Pod, port: number, connection: ByteConnection): ByteReceiver {
  const { namespace, name } = pod.metadata
  const text = `Pod ${namespace}/${name}, port ${port}: it is simulated, nothing listens here.\n`
  let asked = ""
  return {
    receive(chunk) {
      asked += Buffer.from(chunk).toString("latin1")
      if (asked.length > REQUEST_BYTES_MAX) return connection.end()
      if (!asked.includes("\r\n\r\n")) return
      asked = ""
      const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n`
      connection.write(Buffer.from(head + text))
      connection.end()
    },
    closed: () => undefined,
  }
}
