// Source: k8s.io/kubernetes pkg/registry/certificates/certificates/strategy.go.
import { clone } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { invalid } from "#apimachinery/status-error.ts"
import { validateCsr, validateCsrUpdate } from "#apiserver/certificates/csr-validation.ts"
import { itemsIn, makeObject, objectIn } from "#apiserver/builtin/fields.ts"
import { formatTime } from "#lib/clock.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { KindStrategy } from "./kinds.ts"
import { restoreExcept } from "./strategy.ts"

const APPROVAL_TYPES = ["Approved", "Denied"]

/** Whoever writes the status leaves the decisions as they are, as many as there are. */
function keepDecisions(conditions: readonly Json[], before: readonly Json[], type: string): readonly Json[] {
  const known = before.filter((c) => c["type"] === type)
  if (conditions.filter((c) => c["type"] === type).length !== known.length) return conditions
  let next = 0
  return conditions.map((c) => (c["type"] === type ? known[next++]! : c))
}

/** Times of new conditions, and of those whose status changed. */
function stampConditions(conditions: readonly Json[], before: readonly Json[], now: string): Json[] {
  return conditions.map((condition) => {
    const known = before.find((c) => c["type"] === condition["type"])
    const changed = known === undefined || known["status"] !== condition["status"]
    return {
      ...condition,
      lastUpdateTime: condition["lastUpdateTime"] ?? now,
      lastTransitionTime: condition["lastTransitionTime"] ?? (changed ? now : known["lastTransitionTime"]),
    }
  })
}

export const CERTIFICATE_SIGNING_REQUESTS: KindStrategy = {
  prepareForCreate(request, { user }) {
    const spec = makeObject(request, "spec")
    // Who asks is what the server saw, never what the request says.
    for (const field of ["username", "uid", "groups", "extra"]) delete spec[field]
    spec["username"] = user.name
    if (user.uid) spec["uid"] = user.uid
    if (user.groups.length > 0) spec["groups"] = [...user.groups]
    if (user.extra !== undefined && Object.keys(user.extra).length > 0) spec["extra"] = clone(user.extra)
    request["status"] = {}
  },
  prepareForUpdate(request, before, { subresource, nowMs }) {
    const now = formatTime(nowMs)
    const old = objectIn(before, "status")
    const oldConditions = itemsIn(old, "conditions")
    const conditions = itemsIn(request["status"], "conditions")
    if (subresource === "approval") {
      restoreExcept(request, before, [])
      request["status"] = { ...old, conditions: stampConditions(conditions, oldConditions, now) }
    } else if (subresource === "status") {
      const kept = APPROVAL_TYPES.reduce((list, type) => keepDecisions(list, oldConditions, type), conditions)
      const all = stampConditions(kept, oldConditions, now)
      request["status"] = { ...objectIn(request, "status"), ...(all.length > 0 ? { conditions: all } : {}) }
    } else {
      restoreExcept(request, before, [])
    }
  },
  admit(request, before, { subresource }) {
    if (before === undefined || subresource !== "status") return undefined
    const count = (object: UnknownObject, type: string) =>
      itemsIn(object["status"], "conditions").filter((c) => c["type"] === type).length
    const added = APPROVAL_TYPES.filter((type) => count(request, type) > count(before, type))
    if (added.length === 0) return undefined
    const errors = added.map((type) => ({
      field: "status.conditions",
      reason: "FieldValueForbidden" as const,
      body: `Forbidden: updates may not add a condition of type "${type}"`,
    }))
    return invalid(
      { group: "certificates.k8s.io", kind: "CertificateSigningRequest" },
      request.metadata.name ?? "",
      errors,
    )
  },
  validate: validateCsr,
  validateUpdate: validateCsrUpdate,
}
