// Source: k8s.io/kubernetes pkg/apis/core/validation: validateProbe, validateHandler.
import { forbiddenField, requiredField } from "#apimachinery/field-errors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, itemsIn, listIn, numberIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { nonNegative, oneOf, port, portOrName } from "./checks.ts"

const PROBE_NUMBERS = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]

export function validateProbe(probe: Json, path: string): FieldError[] {
  return [...validateHandler(probe, path), ...nonNegative(probe, path, ...PROBE_NUMBERS)]
}

/** A probe or a hook does exactly one thing. */
export function validateHandler(handler: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  for (const [type, validate] of HANDLERS) {
    const action = findObject(handler, type)
    if (action === undefined) continue
    if (count > 0) errors.push(forbiddenField(`${path}.${type}`, "may not specify more than 1 handler type"))
    else errors.push(...validate(action, `${path}.${type}`))
    count++
  }
  if (count === 0) errors.push(requiredField(path, "must specify a handler type"))
  return errors
}

const HANDLERS: readonly (readonly [string, (action: Json, path: string) => FieldError[]])[] = [
  ["exec", (action, path) => (listIn(action, "command").length === 0 ? [requiredField(`${path}.command`)] : [])],
  ["httpGet", validateHttpGet],
  ["tcpSocket", (action, path) => portOrName(`${path}.port`, action["port"])],
  ["grpc", (action, path) => port(`${path}.port`, numberIn(action, "port"))],
  ["sleep", (action, path) => nonNegative(action, path, "seconds")],
]

function validateHttpGet(action: Json, path: string): FieldError[] {
  return [
    ...(textIn(action, "path") === "" ? [requiredField(`${path}.path`)] : []),
    ...portOrName(`${path}.port`, action["port"]),
    ...oneOf(`${path}.scheme`, action["scheme"], ["HTTP", "HTTPS"]),
    ...itemsIn(action, "httpHeaders").flatMap((header, i) =>
      textIn(header, "name") === "" ? [requiredField(`${path}.httpHeaders[${i}].name`)] : [],
    ),
  ]
}
