// Source: k8s.io/kubernetes pkg/registry/certificates/certificates/strategy.go.
import { clone } from "#apimachinery/json.ts"
import { validateCsr, validateCsrUpdate } from "#apiserver/certificates/csr-validation.ts"
import { itemsIn, makeObject, objectIn } from "#apiserver/builtin/fields.ts"
import { formatTime } from "#lib/clock.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { KindStrategy } from "./kinds.ts"
import { restoreExcept } from "./strategy.ts"

const APPROVAL_TYPES = new Set(["Approved", "Denied"])

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
      const others = oldConditions.filter((c) => !APPROVAL_TYPES.has(String(c["type"])))
      const approvals = conditions.filter((c) => APPROVAL_TYPES.has(String(c["type"])))
      restoreExcept(request, before, [])
      request["status"] = { ...old, conditions: stampConditions([...others, ...approvals], oldConditions, now) }
    } else if (subresource === "status") {
      // The signer writes the certificate and its own conditions; approvals stay as they are.
      const approvals = oldConditions.filter((c) => APPROVAL_TYPES.has(String(c["type"])))
      const others = conditions.filter((c) => !APPROVAL_TYPES.has(String(c["type"])))
      const all = stampConditions([...approvals, ...others], oldConditions, now)
      request["status"] = { ...objectIn(request, "status"), ...(all.length > 0 ? { conditions: all } : {}) }
    } else {
      restoreExcept(request, before, [])
    }
  },
  validate: validateCsr,
  validateUpdate: validateCsrUpdate,
}
