// Webhooks as their configurations describe them. Source: k8s.io/apiserver admission/configuration, plugin/webhook/accessors.go.
import { compareText } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { LabelSelectorObject } from "#apimachinery/selectors.ts"
import type { NamedCondition } from "#apiserver/admission/expressions/activation.ts"
import { compileMatchConditions, type MatchCondition } from "#apiserver/admission/expressions/match-conditions.ts"
import type { MatchRule } from "#apiserver/admission/match-rules.plan.ts"
import { selectorOf, type MatchCriteria } from "#apiserver/admission/matching.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { WebhookClientConfig } from "#apiserver/outbound/webhook-client.ts"

/** One webhook of one configuration, with what is asked of it more than once made ready. */
export type Webhook = {
  /** Of the configuration. */
  readonly configuration: string
  readonly name: string
  /** Tells webhooks of one name in one configuration apart. */
  readonly uid: string
  readonly criteria: MatchCriteria
  readonly matchConditions: readonly NamedCondition[]
  readonly timeoutSeconds: number
  readonly isFailureIgnored: boolean
  readonly sideEffects: string
  readonly reinvocationPolicy: string
  readonly reviewVersions: readonly string[]
  readonly client: WebhookClientConfig
}

type StoredWebhook = {
  readonly name: string
  readonly rules?: readonly MatchRule[]
  readonly matchPolicy?: string
  readonly namespaceSelector?: LabelSelectorObject
  readonly objectSelector?: LabelSelectorObject
  readonly matchConditions?: readonly MatchCondition[]
  readonly timeoutSeconds?: number
  readonly failurePolicy?: string
  readonly sideEffects?: string
  readonly reinvocationPolicy?: string
  readonly admissionReviewVersions?: readonly string[]
  readonly clientConfig: WebhookClientConfig
}

/** @returns the webhooks of a kind of configuration, read anew when one of them has changed: changes act at once */
export function newWebhookSource(
  reader: ObjectReader,
  resource: "mutatingwebhookconfigurations" | "validatingwebhookconfigurations",
): () => readonly Webhook[] {
  const configurations = { group: "admissionregistration.k8s.io", resource }
  let version: number | undefined
  let webhooks: readonly Webhook[] = []
  return () => {
    const now = reader.version(configurations)
    if (now !== version) {
      version = now
      webhooks = reader
        .list(configurations)
        .toSorted((a, b) => compareText(a.metadata.name ?? "", b.metadata.name ?? ""))
        .flatMap(webhooksOf)
    }
    return webhooks
  }
}

function webhooksOf(configuration: UnknownObject): Webhook[] {
  const name = configuration.metadata.name ?? ""
  const seen = new Map<string, number>()
  return ((configuration["webhooks"] ?? []) as readonly StoredWebhook[]).map((webhook) => {
    const count = seen.get(webhook.name) ?? 0
    seen.set(webhook.name, count + 1)
    return {
      configuration: name,
      name: webhook.name,
      uid: `${name}/${webhook.name}/${count}`,
      criteria: {
        rules: webhook.rules ?? [],
        isEquivalent: webhook.matchPolicy === "Equivalent",
        namespaceSelector: selectorOf(webhook.namespaceSelector),
        objectSelector: selectorOf(webhook.objectSelector),
      },
      matchConditions: compileMatchConditions(webhook.matchConditions ?? [], { params: false, authorizer: true }),
      timeoutSeconds: webhook.timeoutSeconds ?? TIMEOUT_SECONDS_DEFAULT,
      isFailureIgnored: webhook.failurePolicy === "Ignore",
      sideEffects: webhook.sideEffects ?? "",
      reinvocationPolicy: webhook.reinvocationPolicy ?? "Never",
      reviewVersions: webhook.admissionReviewVersions ?? [],
      client: webhook.clientConfig,
    }
  })
}

const TIMEOUT_SECONDS_DEFAULT = 10
