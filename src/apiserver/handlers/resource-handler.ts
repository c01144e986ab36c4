import type { HttpResponse } from "#lib/http.ts"
import { newStatusError, notFound } from "#apimachinery/status-error.ts"
import { runMutations, runValidations } from "#apiserver/admission/admission.ts"
import { admissionRequest } from "#apiserver/registry/write-request.ts"
import { storageKey } from "#apiserver/registry/codec.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { textResponse } from "./responses.ts"
import type { Call, CallHandler } from "./call.ts"
import { connectOptions, type Connect } from "./connect.ts"
import { deprecationOf } from "./deprecations.ts"
import { answerGet, answerList } from "./read.ts"
import { writeRequest, type ResourceDeps } from "./resource-deps.ts"
import { answerVirtual } from "./virtual.ts"
import { answerWatch } from "./watch.ts"
import { answerCreate, answerDelete, answerDeleteCollection, answerPatch, answerUpdate } from "./write.ts"

type VerbHandler = (deps: ResourceDeps, call: Call, info: ResourceInfo) => HttpResponse | Promise<HttpResponse>

const VERBS: ReadonlyMap<string, VerbHandler> = new Map([
  ["get", answerGet],
  ["list", answerList],
  ["watch", answerWatch],
  ["create", answerCreate],
  ["update", answerUpdate],
  ["patch", answerPatch],
  ["delete", answerDelete],
  ["deletecollection", answerDeleteCollection],
])

const READING: ReadonlySet<string> = new Set(["get", "list", "watch"])

/** Answers requests about resources by verb. */
export function newResourceHandler(
  deps: ResourceDeps,
  virtual: readonly VirtualResource[],
  connect: Connect = () => undefined,
): CallHandler {
  const virtuals = new Map(virtual.map((v) => [`${v.group}/${v.resource}/${v.subresource ?? ""}`, v]))
  return (call) => {
    const { group, version, resource, subresource, verb, namespace, name } = call.info
    // An encoded slash makes no name; a doubled one makes no path.
    if (name.includes("/") || call.info.path.replace(/\?.*/, "").includes("//")) throw noResource()
    if (call.request.method === "HEAD") throw notAllowed()
    const info = deps.resources.find(group, version, resource)
    const answered = virtuals.get(`${group}/${resource}/${subresource}`)
    if (answered !== undefined && (info !== undefined || answered.subresource === undefined)) {
      if (verb !== "create") throw name === "" || subresource !== "" ? notAllowed() : noResource()
      return answerVirtual(deps, call, answered, info)
    }
    if (info === undefined) {
      // Nobody has the group: then the path is nobody's.
      if (deps.resources.all().every((served) => served.group !== group))
        return textResponse(404, "404 page not found\n")
      throw noResource()
    }
    // Such verbs come from other methods, too: whatever is sent to the deprecated paths of watches has theirs.
    if (READING.has(verb) && call.request.method !== "GET") throw notAllowed()
    const deprecation = deprecationOf(info)
    if (deprecation !== undefined) call.warnings.push(deprecation)
    if (subresource !== "") {
      const found = info.subresources.find((s) => s.name === subresource)
      if (found === undefined) throw noResource()
      if (CONNECTED.has(subresource)) return answerConnect(deps, call, info, connect)
      // What is created under an object is virtual; there is nothing to store.
      if (!found.verbs.includes(verb) || verb === "create") throw notAllowed()
    } else if (!info.verbs.includes(verb) || (verb === "create" && name !== "")) throw notAllowed()
    const needsNamespace = info.namespaced && namespace === "" && verb !== "list" && verb !== "watch"
    // A cluster-scoped resource has no path inside a namespace, and the other way round.
    if (
      needsNamespace ||
      (!info.namespaced && namespace !== "" && !(resource === "namespaces" && name === namespace))
    ) {
      throw verb === "create" || verb === "deletecollection" ? notAllowed() : noResource()
    }
    if ((verb === "update" || verb === "patch") && name === "") throw notAllowed()
    const handler = VERBS.get(verb)
    if (handler === undefined) throw notAllowed()
    return handler(deps, call, info)
  }
}

/** What a real API server hands on to a kubelet or to what listens in a pod. Nothing runs behind this one. */
const CONNECTED: ReadonlySet<string> = new Set(["log", "exec", "attach", "portforward", "proxy"])

async function answerConnect(
  deps: ResourceDeps,
  call: Call,
  info: ResourceInfo,
  connect: Connect,
): Promise<HttpResponse> {
  const { resource, subresource, name, query } = call.info
  const { method, headers } = call.request
  const namespace = info.namespaced ? call.info.namespace : ""
  // Logs are read; all else opens a way in, and admission is asked before anything tells whether there is something behind.
  if (subresource !== "log") await admitConnection(deps, call, info)
  if (deps.storage.get(storageKey(info, namespace, name)) === undefined) throw notFound(info, name)
  const answer = connect({ method, headers, query, resource, subresource, namespace, name })
  if (answer === undefined) throw notConnected(resource, name, subresource)
  return answer
}

async function admitConnection(deps: ResourceDeps, call: Call, info: ResourceInfo): Promise<void> {
  const { subresource, query, parts } = call.info
  const { kind } = info.subresources.find(({ name }) => name === subresource)!
  const object = connectOptions(kind, query, parts.map((part) => `/${part}`).join(""))
  const request = writeRequest(call, info, { dryRun: false, fieldManager: "", fieldValidation: "Ignore", force: false })
  const question = { ...admissionRequest(request, "CONNECT", deps.clock.nowMs(), { object }), options: undefined }
  await runMutations(deps.admission, question)
  await runValidations(deps.admission, question)
}

const notConnected = (resource: string, name: string, subresource: string) =>
  newStatusError(
    "MethodNotAllowed",
    `${resource} "${name}" has no ${subresource}: it is simulated, no kubelet runs it`,
    {},
  )

export const noResource = () => newStatusError("NotFound", "the server could not find the requested resource", {})

const notAllowed = () =>
  newStatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {})
