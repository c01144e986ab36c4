import { uuid, type Random } from "#lib/random.ts"
import { apiVersionOf, parseApiVersion } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { CustomResourceDefinition } from "#apiserver/apiextensions/definition.ts"
import { callWebhook, type WebhookClientDeps } from "#apiserver/outbound/webhook-client.ts"
import type { RemoteConversion } from "#apiserver/resource.ts"
import {
  acceptConverted,
  conversionReview,
  conversionReviewVersion,
  convertedObjects,
  ConvertedObjectError,
} from "./conversion-review.plan.ts"

export type ConversionDeps = WebhookClientDeps & { readonly random: Random }

/** Source: client-go's default for what the API server calls. */
const TIMEOUT_SECONDS = 30

/**
 * What asks a definition's webhook to convert its objects; undefined for one whose versions differ in name only.
 *
 * @param deps  called when there is something to convert
 */
export function conversionWebhook(
  deps: () => ConversionDeps,
  { spec }: CustomResourceDefinition,
): RemoteConversion | undefined {
  const { strategy, webhook } = spec.conversion ?? { strategy: "None" }
  if (strategy !== "Webhook" || webhook?.clientConfig === undefined) return undefined
  const { clientConfig, conversionReviewVersions = [] } = webhook
  const version = conversionReviewVersion(conversionReviewVersions)
  return {
    async convert(objects, apiVersion, listKind) {
      const wanted = objects.filter((object) => object.apiVersion !== apiVersion)
      if (wanted.length === 0) return objects
      const first = wanted[0]!
      // A single object is named by its own version, a list by the one that is asked for.
      const what = listKind === undefined ? kindText(first.apiVersion, first.kind) : kindText(apiVersion, listKind)
      const failed = (why: string) => newStatusError("", `conversion webhook for ${what} ${why}`)
      if (version === undefined) throw newStatusError("", "no supported conversion review versions")
      const answered = await ask(deps(), clientConfig, version, wanted, apiVersion).catch((error: unknown) => {
        throw failed(`failed: ${error instanceof Error ? error.message : String(error)}`)
      })
      if (answered.length !== wanted.length)
        throw failed(`returned ${answered.length} objects, expected ${wanted.length}`)
      const converted = new Map(
        wanted.map((original, index) => {
          try {
            return [original, acceptConverted(original, answered[index], apiVersion)]
          } catch (error) {
            if (!(error instanceof ConvertedObjectError)) throw error
            throw failed(`returned invalid ${placeOf(error, index, listKind)}: ${error.message}`)
          }
        }),
      )
      return objects.map((object) => converted.get(object) ?? object)
    },
  }
}

async function ask(
  deps: ConversionDeps,
  clientConfig: Parameters<typeof callWebhook>[1],
  version: string,
  objects: readonly UnknownObject[],
  desiredApiVersion: string,
): Promise<readonly unknown[]> {
  const uid = uuid(deps.random)
  const review = conversionReview(version, { uid, desiredApiVersion, objects })
  return convertedObjects(version, uid, await callWebhook(deps, clientConfig, review, TIMEOUT_SECONDS))
}

/** `example.com/v1, Kind=Widget` */
const kindText = (apiVersion: string, kind: string) => `${apiVersionOf(parseApiVersion(apiVersion))}, Kind=${kind}`

function placeOf(error: ConvertedObjectError, index: number, listKind: string | undefined): string {
  if (listKind !== undefined)
    return error.is === "metadata" ? `metadata in object at index ${index}` : `converted object at index ${index}`
  if (error.is === "metadata") return "metadata"
  return error.message.startsWith("invalid ") ? `object at index ${index}` : "object"
}
