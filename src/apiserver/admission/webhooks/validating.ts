import type { AdmissionPlugin, AdmissionRequest } from "#apiserver/admission/admission.ts"
import { askWebhook, onFailure, type WebhookDeps } from "./ask.ts"
import { inVersion, validatedRequest } from "#apiserver/admission/form.ts"
import { invocationOf, isExempt, type Invocation } from "./invocation.ts"
import { newWebhookSource, type Webhook } from "./webhook.ts"

const FAILED_OPEN = "failed-open.validation.webhook.admission.k8s.io/round_0_index_"

/**
 * Asks all validating webhooks that a request concerns, at the same time.
 * Source: k8s.io/apiserver admission/plugin/webhook/validating.
 */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const webhooks = newWebhookSource(deps.reader, "validatingwebhookconfigurations")
  return {
    name: "ValidatingAdmissionWebhook",
    isRemote: true,
    validate(request) {
      const all = webhooks()
      return all.length === 0 || isExempt(request) ? undefined : validate(deps, all, validatedRequest(request))
    },
  }
}

async function validate(deps: WebhookDeps, webhooks: readonly Webhook[], request: AdmissionRequest): Promise<void> {
  const concerned: Invocation[] = []
  for (const webhook of webhooks) {
    const invocation = await invocationOf(deps, webhook, request)
    if (invocation !== undefined) concerned.push(invocation)
  }
  if (concerned.length === 0) return
  const outcomes = await Promise.allSettled(concerned.map((invocation, i) => ask(deps, invocation, i, request)))
  // Which of several refusals is told is chance upstream: the first to come. Here it is the first by name.
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason
}

async function ask(deps: WebhookDeps, invocation: Invocation, index: number, request: AdmissionRequest): Promise<void> {
  try {
    const object = await inVersion(request, invocation.info, request.object)
    const oldObject = await inVersion(request, invocation.info, request.before)
    await askWebhook(deps, false, invocation, request, { object, oldObject })
  } catch (error) {
    onFailure(invocation.webhook, error, request, FAILED_OPEN + index)
  }
}
