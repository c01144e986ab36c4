import assert from "node:assert/strict"
import { test } from "node:test"
import { ANONYMOUS } from "#apiserver/authentication/user.ts"
import type { AuthorizationAttributes } from "#apiserver/request.ts"
import { withAuthorization } from "./authorization.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { parseRequestInfo } from "./request-info.ts"

for (const { target, name } of [
  { target: "/api/v1/pods", name: "" },
  { target: "/api/v1/pods?fieldSelector=metadata.name%3Da", name: "a" },
  { target: "/api/v1/pods?watch=1&fieldSelector=metadata.name%3D%3Da%2Cspec.nodeName%3Dn", name: "a" },
  { target: "/api/v1/pods?fieldSelector=metadata.name!%3Da", name: "" },
  { target: "/api/v1/pods?fieldSelector=metadata.namespace%3Da", name: "" },
  { target: "/api/v1/pods?fieldSelector=metadata.name%3Da%252Fb", name: "" },
  { target: "/api/v1/pods?fieldSelector=metadata.name%3D..", name: "" },
  { target: "/api/v1/pods?fieldSelector=metadata.name", name: "" },
  { target: "/api/v1/pods/b?fieldSelector=metadata.name%3Da", name: "b" },
]) {
  test(`withAuthorization: the name that is asked for by ${target}`, async () => {
    const asked: AuthorizationAttributes[] = []
    const authorize = (_: unknown, attributes: AuthorizationAttributes) => {
      asked.push(attributes)
      return { allowed: true, reason: "" }
    }
    const next = async () => ({ status: 200, headers: {}, body: new Uint8Array() })
    const call = { user: ANONYMOUS, info: parseRequestInfo("GET", target) } as Call
    await withAuthorization({ authorize })(next)(call)
    assert.deepEqual(
      asked.map((a) => a.resourceRequest && a.name),
      [name],
    )
  })
}
