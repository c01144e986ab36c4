// ConfigMaps and Secrets. Source: k8s.io/kubernetes pkg/apis/core/validation.
import { forbiddenField, invalidField, requiredField, tooLongField } from "#apimachinery/field-errors.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { isConfigMapKey } from "#apimachinery/names.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { objectIn, textIn } from "#apiserver/builtin/fields.ts"

const BYTES_MAX = 1024 * 1024
const ACCOUNT_NAME = "kubernetes.io/service-account.name"

const keyErrors = (field: string, key: string) =>
  isConfigMapKey(key).map((problem) => invalidField(`${field}[${key}]`, key, problem))

const decodedLength = (value: unknown) => (typeof value === "string" ? Buffer.byteLength(value, "base64") : 0)

export function validateConfigMap(map: UnknownObject): FieldError[] {
  const [data, binary] = [objectIn(map, "data"), objectIn(map, "binaryData")]
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors("data", key))
    if (binary[key] !== undefined)
      errors.push(invalidField(`data[${key}]`, key, "duplicate of key present in binaryData"))
    bytes += Buffer.byteLength(String(value))
  }
  for (const [key, value] of Object.entries(binary)) {
    errors.push(...keyErrors("binaryData", key))
    bytes += decodedLength(value)
  }
  // Upstream names the field by an empty path.
  if (bytes > BYTES_MAX) errors.push(tooLongField("[]", BYTES_MAX))
  return errors
}

const IMMUTABLE = "field is immutable when `immutable` is set"

function frozenFields(object: UnknownObject, before: UnknownObject, fields: readonly string[]): FieldError[] {
  if (before["immutable"] !== true) return []
  const changed = fields.filter((field) => !deepEqual(object[field], before[field]))
  const thawed = object["immutable"] === true ? [] : ["immutable"]
  return [...thawed, ...changed].map((field) => forbiddenField(field, IMMUTABLE))
}

export function validateConfigMapUpdate(map: UnknownObject, before: UnknownObject): FieldError[] {
  return [...frozenFields(map, before, ["data", "binaryData"]), ...validateConfigMap(map)]
}

/** Keys that a type of secret must have. */
const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
])

export function validateSecret(secret: UnknownObject): FieldError[] {
  const data = objectIn(secret, "data")
  const type = textIn(secret, "type")
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors("data", key))
    bytes += decodedLength(value)
  }
  if (bytes > BYTES_MAX) errors.push(tooLongField("data", BYTES_MAX))
  for (const key of REQUIRED_KEYS.get(type) ?? []) {
    if (data[key] === undefined) errors.push(requiredField(`data[${key}]`))
    else if (key.startsWith(".docker")) errors.push(...validateJson(key, data[key]))
  }
  if (type === "kubernetes.io/basic-auth" && data["username"] === undefined && data["password"] === undefined) {
    errors.push(requiredField("data[username]"), requiredField("data[password]"))
  }
  if (type === "kubernetes.io/service-account-token" && textIn(secret.metadata.annotations, ACCOUNT_NAME) === "") {
    errors.push(requiredField(`metadata.annotations[${ACCOUNT_NAME}]`))
  }
  return errors
}

function validateJson(key: string, value: unknown): FieldError[] {
  const text = Buffer.from(String(value), "base64").toString()
  try {
    JSON.parse(text)
    return []
  } catch {
    const first = text.trimStart()[0]
    const why =
      first === undefined
        ? "unexpected end of JSON input"
        : `invalid character ${/["\\]/.test(first) ? JSON.stringify(first) : `'${first}'`} looking for beginning of value`
    return [invalidField(`data[${key}]`, "<secret contents redacted>", why)]
  }
}

export function validateSecretUpdate(secret: UnknownObject, before: UnknownObject): FieldError[] {
  const errors: FieldError[] = []
  if (secret["type"] !== before["type"]) errors.push(invalidField("type", secret["type"] ?? "", "field is immutable"))
  return [...errors, ...frozenFields(secret, before, ["data"]), ...validateSecret(secret)]
}
