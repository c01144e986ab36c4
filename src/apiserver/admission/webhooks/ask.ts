import type { Random } from "#lib/random.ts"
import { uuid } from "#lib/random.ts"
import type { JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest, internalError, StatusError, type Status } from "#apimachinery/status-error.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import { kindOf, namespaceOf } from "#apiserver/admission/matching.ts"
import { groupVersionResource } from "#apiserver/admission/request-description.ts"
import { callWebhook, type WebhookClientDeps } from "#apiserver/outbound/webhook-client.ts"
import { admissionReview, checkVersion, readVerdict, reviewVersionOf, type Verdict } from "./admission-review.ts"
import type { Invocation, InvocationDeps } from "./invocation.ts"
import type { Webhook } from "./webhook.ts"

export type WebhookDeps = WebhookClientDeps & InvocationDeps & { readonly random: Random }

/** A webhook could not be asked, or its answer is none. The failure policy decides what that means. */
export class WebhookFailure extends Error {
  override readonly name = "WebhookFailure"

  constructor(webhook: Webhook, why: string) {
    super(`failed calling webhook ${JSON.stringify(webhook.name)}: ${why}`)
  }
}

/**
 * Asks one webhook. Its warnings and audit annotations go to the request.
 *
 * @returns what it answers, if it lets the request pass
 * @throws WebhookFailure, or StatusError when it refuses
 */
export async function askWebhook(
  deps: WebhookDeps,
  isMutating: boolean,
  { webhook, info }: Invocation,
  request: AdmissionRequest,
  objects: { readonly object: UnknownObject | undefined; readonly oldObject: UnknownObject | undefined },
): Promise<Verdict> {
  const { name } = webhook
  if (request.dryRun && webhook.sideEffects !== "None" && webhook.sideEffects !== "NoneOnDryRun")
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
  const version = reviewVersionOf(webhook.reviewVersions)
  if (version === undefined) {
    const why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
    throw new WebhookFailure(webhook, `could not create admission objects: ${why}`)
  }
  const uid = uuid(deps.random)
  const { resource, subresource } = request
  const review = admissionReview(version, {
    uid,
    kind: kindOf(info, subresource),
    resource: groupVersionResource(info),
    subresource,
    requestKind: kindOf(resource, subresource),
    requestResource: groupVersionResource(resource),
    name: request.name,
    namespace: namespaceOf(request),
    operation: request.operation,
    user: request.user,
    ...objects,
    options: request.options?.(),
    dryRun: request.dryRun,
  })
  const answer = await attempt(webhook, "failed to call webhook", async () => {
    const answered = await callWebhook(deps, webhook.client, review, webhook.timeoutSeconds)
    checkVersion(version, answered)
    return answered
  })
  const verdict = await attempt(webhook, "received invalid webhook response", () =>
    readVerdict(version, uid, isMutating, answer),
  )
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) request.annotate?.(`${name}/${key}`, value)
  for (const warning of verdict.warnings) request.warn(warning)
  if (!verdict.allowed) throw refusal(name, verdict.result)
  return verdict
}

async function attempt<T>(webhook: Webhook, what: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw new WebhookFailure(webhook, `${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The refusal in the webhook's own words and with its code. Source: admission/plugin/webhook/errors.ToStatusErr. */
function refusal(webhook: string, result: JsonObject = {}): StatusError {
  const { code, message, reason, details } = result
  const deniedBy = `admission webhook ${JSON.stringify(webhook)} denied the request`
  const why = typeof message === "string" && message !== "" ? message : reason
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: typeof why === "string" && why !== "" ? `${deniedBy}: ${why}` : `${deniedBy} without explanation`,
    ...(typeof reason === "string" && reason !== "" ? { reason } : {}),
    ...(typeof details === "object" && details !== null ? { details } : {}),
    code: typeof code === "number" && code >= 400 && code <= 599 ? code : 400,
  }
  return new StatusError(status as Status)
}

/** What a failure means for the request. @throws StatusError unless failures of this webhook are let pass */
export function onFailure(webhook: Webhook, error: unknown, request: AdmissionRequest, annotation: string): void {
  if (!(error instanceof WebhookFailure)) throw error
  if (!webhook.isFailureIgnored) throw internalError(error.message)
  request.annotate?.(annotation, webhook.name)
}
