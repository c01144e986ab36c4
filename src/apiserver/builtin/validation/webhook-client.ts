// Where a webhook is. Source: k8s.io/apiserver pkg/util/webhook/validation.go.
import { invalidField, requiredField } from "#apimachinery/field-errors.ts"
import { isDns1123Subdomain } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"

const FORM = "; desired format: https://host[/path]"
const PORT_MAX = 65_535

/** A WebhookClientConfig: a URL or a Service. */
export function validateWebhookClient(client: Json, path: string): FieldError[] {
  const url = client["url"] ?? undefined
  const service = findObject(client, "service")
  if ((url === undefined) === (service === undefined))
    return [requiredField(path, "exactly one of url or service is required")]
  return service === undefined ? validateUrl(String(url), `${path}.url`) : validateService(service, `${path}.service`)
}

/** The parts of a URL as Go finds them: an empty host is one, too. */
const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s

function validateUrl(url: string, field: string): FieldError[] {
  const escape = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(url)
  if (escape !== null) {
    const why = `parse ${JSON.stringify(url)}: invalid URL escape ${JSON.stringify(escape[0])}`
    return [requiredField(field, `url must be a valid URL: ${why}${FORM}`)]
  }
  const [, scheme = "", user, host = "", , query = "", fragment = ""] = URL_PARTS.exec(url) ?? []
  const errors: FieldError[] = []
  if (scheme.toLowerCase() !== "https")
    errors.push(invalidField(field, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`))
  if (host === "") errors.push(invalidField(field, host, `host must be specified${FORM}`))
  // What Go takes and nothing can be reached at.
  else if (errors.length === 0 && !URL.canParse(url))
    errors.push(requiredField(field, `url must be a valid URL: ${url}${FORM}`))
  if (user !== undefined) errors.push(invalidField(field, user, "user information is not permitted in the URL"))
  if (fragment !== "") errors.push(invalidField(field, fragment, "fragments are not permitted in the URL"))
  if (query !== "") errors.push(invalidField(field, query, "query parameters are not permitted in the URL"))
  return errors
}

function validateService(service: Json, field: string): FieldError[] {
  const errors: FieldError[] = []
  // Upstream takes the one for the other, and says so of the wrong one.
  if (textIn(service, "namespace") === "") errors.push(requiredField(`${field}.name`))
  if (textIn(service, "name") === "") errors.push(requiredField(`${field}.namespace`))
  const port = service["port"] ?? 0
  if (typeof port !== "number" || port < 1 || port > PORT_MAX)
    errors.push(invalidField(`${field}.port`, port, `port is not valid: must be between 1 and ${PORT_MAX}, inclusive`))
  return [...errors, ...validatePath(textIn(service, "path"), `${field}.path`)]
}

function validatePath(path: string, field: string): FieldError[] {
  if (path === "" || path === "/") return []
  if (path === "//") return [invalidField(field, path, "segment[0] may not be empty")]
  const errors = path.startsWith("/") ? [] : [invalidField(field, path, "must start with a '/'")]
  const steps = path.slice(1).replace(/\/$/, "").split("/")
  for (const [i, step] of steps.entries()) {
    const problems = step === "" ? [] : isDns1123Subdomain(step)
    if (step === "") errors.push(invalidField(field, path, `segment[${i}] may not be empty`))
    errors.push(...problems.map((problem) => invalidField(field, path, `segment[${i}]: ${problem}`)))
  }
  return errors
}
