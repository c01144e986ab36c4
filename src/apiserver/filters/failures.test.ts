import assert from "node:assert/strict"
import { test } from "node:test"
import { readBody } from "#lib/http.ts"
import { silentLog } from "#lib/log.ts"
import { ANONYMOUS } from "#apiserver/authentication/user.ts"
import type { Call } from "#apiserver/handlers/call.ts"
import { notFound } from "#apimachinery/status-error.ts"
import { DatabaseError } from "#apiserver/storage/storage-errors.ts"
import { withFailures } from "./failures.ts"

const call = {
  request: { method: "POST", path: "/", headers: {}, peer: { address: "" } },
  info: { query: new URLSearchParams() },
  user: ANONYMOUS,
  auditId: "",
  warnings: [],
} as unknown as Call

for (const [what, error, code, reason] of [
  ["a refusal", notFound({ group: "", resource: "pods" }, "a"), 404, "NotFound"],
  ["a full disk", new DatabaseError("no space", "Cannot write: there is no space left"), 507, "InsufficientStorage"],
  ["a failing disk", new DatabaseError("failing", "Cannot write: disk I/O error"), 500, "InternalError"],
  ["a fault", new TypeError("x is undefined"), 500, "InternalError"],
] as const) {
  for (const [how, next] of [
    [
      "thrown",
      () => {
        throw error
      },
    ],
    ["rejected", () => Promise.reject(error)],
  ] as const) {
    test(`${what}, ${how}, is ${code} ${reason}`, async () => {
      const response = await withFailures(silentLog)(next)(call)
      const status = JSON.parse(Buffer.from(await readBody(response.body)).toString()) as Record<string, unknown>
      assert.deepEqual([response.status, status["code"], status["reason"]], [code, code, reason])
      assert.match(String(status["message"]), new RegExp(error.message))
    })
  }
}
