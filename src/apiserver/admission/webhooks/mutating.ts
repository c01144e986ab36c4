import { clone, deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { jsonPatch } from "#apimachinery/patch/json-patch.ts"
import { internalError } from "#apimachinery/status-error.ts"
import type { AdmissionPlugin, AdmissionRequest, Rounds } from "#apiserver/admission/admission.ts"
import { setDefaults } from "#apiserver/registry/object-schema.ts"
import { askWebhook, onFailure, WebhookFailure, type WebhookDeps } from "./ask.ts"
import { fromVersion, inVersion, openRequest, typedForm } from "#apiserver/admission/form.ts"
import { invocationOf, isExempt, type Invocation } from "./invocation.ts"
import { newWebhookSource, type Webhook } from "./webhook.ts"

const FAILED_OPEN = "failed-open.mutation.webhook.admission.k8s.io"
const MUTATION = "mutation.webhook.admission.k8s.io"
const PATCH = "patch.webhook.admission.k8s.io"

/** What is remembered between the two rounds. */
type Memory = {
  /** Webhooks that want to be asked again, by uid. */
  readonly reinvocable: Set<string>
  /** Those of them that come before a change which they have not seen. */
  toReinvoke: Set<string>
  /** The object when the last webhook had answered. */
  output: UnknownObject | undefined
}

/**
 * Asks mutating webhooks one after the other, in the order of their configurations' names, and once more those that want it
 * when something has changed since. Source: k8s.io/apiserver admission/plugin/webhook/mutating.
 */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const webhooks = newWebhookSource(deps.reader, "mutatingwebhookconfigurations")
  return {
    name: "MutatingAdmissionWebhook",
    isRemote: true,
    mutatesWithoutObject: true,
    mutate(request, rounds) {
      const all = webhooks()
      return all.length === 0 || isExempt(request) ? undefined : mutate(deps, all, request, rounds)
    },
  }
}

async function mutate(
  deps: WebhookDeps,
  webhooks: readonly Webhook[],
  whole: AdmissionRequest,
  rounds: Rounds,
): Promise<void> {
  const memory = memoryOf(rounds)
  if (rounds.round > 0 && !deepEqual(memory.output, whole.object)) requireReinvocation(memory)
  const { request, close } = openRequest(whole)
  try {
    await askAll(deps, webhooks, request, rounds, memory)
  } finally {
    close()
  }
  if (memory.reinvocable.size > 0) memory.output = clone(whole.object)
}

async function askAll(
  deps: WebhookDeps,
  webhooks: readonly Webhook[],
  request: AdmissionRequest,
  rounds: Rounds,
  memory: Memory,
): Promise<void> {
  for (const [index, webhook] of webhooks.entries()) {
    const invocation = await invocationOf(deps, webhook, request)
    if (invocation === undefined) continue
    if (rounds.round > 0 && !memory.toReinvoke.has(webhook.uid)) continue
    const place = `round_${rounds.round}_index_${index}`
    const changed = await ask(deps, invocation, request, place)
    if (changed) {
      requireReinvocation(memory)
      rounds.again = true
    }
    if (webhook.reinvocationPolicy === "IfNeeded") memory.reinvocable.add(webhook.uid)
  }
}

function memoryOf({ notes }: Rounds): Memory {
  const known = notes.get("webhooks") as Memory | undefined
  if (known !== undefined) return known
  const memory: Memory = { reinvocable: new Set(), toReinvoke: new Set(), output: undefined }
  notes.set("webhooks", memory)
  return memory
}

function requireReinvocation(memory: Memory): void {
  memory.toReinvoke = new Set([...memory.toReinvoke, ...memory.reinvocable])
  memory.reinvocable.clear()
}

/** @returns whether the webhook has changed the object */
async function ask(
  deps: WebhookDeps,
  invocation: Invocation,
  request: AdmissionRequest,
  place: string,
): Promise<boolean> {
  const { webhook, info } = invocation
  const { configuration, name } = webhook
  let changed = false
  try {
    const object = await inVersion(request, info, request.object)
    const oldObject = await inVersion(request, info, request.before)
    const { patch, patchType } = await askWebhook(deps, true, invocation, request, { object, oldObject })
    const operations = parsePatch(webhook, patch)
    if (operations.length > 0) {
      if (object === undefined) {
        const what = `admission webhook ${JSON.stringify(name)} attempted to modify the object`
        throw internalError(`${what}, which is not supported for this operation`)
      }
      if (patchType !== "JSONPatch")
        throw new WebhookFailure(webhook, `unsupported patch type ${JSON.stringify(patchType)}`)
      const patched = typedForm(request, info, carryOut(object, operations))
      changed = !deepEqual(object, patched)
      await replaceObject(request, invocation, patched)
      const annotation = { configuration, webhook: name, patch: operations, patchType: "JSONPatch" }
      request.annotate?.(`${PATCH}/${place}`, JSON.stringify(annotation))
    }
  } catch (error) {
    onFailure(webhook, error, request, `${FAILED_OPEN}/${place}`)
  } finally {
    request.annotate?.(`${MUTATION}/${place}`, JSON.stringify({ configuration, webhook: name, mutated: changed }))
  }
  return changed
}

function parsePatch(webhook: Webhook, text: string): readonly unknown[] {
  if (text === "") return []
  try {
    const operations: unknown = JSON.parse(text)
    if (Array.isArray(operations)) return operations
    throw new Error("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
  } catch (error) {
    throw new WebhookFailure(webhook, `received undecodable patch in webhook response: ${(error as Error).message}`)
  }
}

function carryOut(object: UnknownObject, operations: readonly unknown[]): UnknownObject {
  try {
    return jsonPatch(object, operations) as UnknownObject
  } catch (error) {
    throw internalError((error as Error).message)
  }
}

/** Puts the patched object, defaults included, in the place of the request's, whose other holders see the change. */
async function replaceObject(request: AdmissionRequest, { info }: Invocation, patched: UnknownObject): Promise<void> {
  if (request.subresource === "" || info.subresources.find((s) => s.name === request.subresource)?.kind === info.kind)
    setDefaults(info, patched)
  const made = await fromVersion(request, info, patched)
  const object = request.object!
  for (const key of Object.keys(object)) if (!(key in made)) delete object[key]
  Object.assign(object, made)
}
