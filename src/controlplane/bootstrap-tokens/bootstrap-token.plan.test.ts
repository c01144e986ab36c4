import assert from "node:assert/strict"
import { test } from "node:test"
import type { ConfigMap, Secret } from "#api/kubernetes/core.ts"
import { planBootstrapToken, planSignatures } from "./bootstrap-token.plan.ts"

const NOW_MS = Date.parse("2026-01-02T03:04:05Z")
const base64 = (text: string) => Buffer.from(text).toString("base64")
const newToken = (data: Record<string, string> = {}): Secret => {
  const all = { "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true", ...data }
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(Object.entries(all).map(([key, text]) => [key, base64(text)])),
  }
}
const newInfo = (data: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "cluster-info", namespace: "kube-public" },
  data,
})
const dataOf = (info: ConfigMap, ...tokens: Secret[]) => {
  const [write] = planSignatures(info, tokens, NOW_MS).actions
  return write?.do === "patch" ? write.patch["data"] : undefined
}

for (const { name, expiration, want } of [
  { name: "not yet over", expiration: "2026-01-02T03:04:15Z", want: { deletions: 0, requeueAfterMs: 10_000 } },
  { name: "over", expiration: "2026-01-02T03:04:05Z", want: { deletions: 1, requeueAfterMs: undefined } },
  { name: "without an end", expiration: "", want: { deletions: 0, requeueAfterMs: undefined } },
]) {
  test(`planBootstrapToken: ${name}`, () => {
    const { actions, requeueAfterMs } = planBootstrapToken(newToken({ expiration }), NOW_MS)
    assert.deepEqual({ deletions: actions.length, requeueAfterMs }, want)
  })
}

test("planSignatures: a detached JWS by every token that is meant for it", () => {
  const signature = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..psz1NayrXM3IaFzKZGsb5n_mBl7MjtlsZ1xE8MRmF_4"
  assert.deepEqual(dataOf(newInfo({ kubeconfig: "content" }), newToken()), { "jws-kubeconfig-abcdef": signature })
})

test("planSignatures: those of tokens that are over, or not meant for it, go", () => {
  const info = newInfo({ kubeconfig: "content", "jws-kubeconfig-abcdef": "x" })
  for (const token of [
    newToken({ expiration: "2026-01-01T00:00:00Z" }),
    newToken({ "usage-bootstrap-signing": "false" }),
  ])
    assert.deepEqual(dataOf(info, token), { "jws-kubeconfig-abcdef": null })
  assert.equal(dataOf(newInfo({}), newToken()), undefined)
})
