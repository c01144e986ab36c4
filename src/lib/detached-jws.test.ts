import assert from "node:assert/strict"
import { test } from "node:test"
import { isSignedDetached, signDetached } from "./detached-jws.ts"

const KEY = { id: "abcdef", secret: "0123456789abcdef" }
const SIGNED = signDetached("content", KEY)
const [HEADER = "", , MAC = ""] = SIGNED.split(".")
const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

test("signDetached: as Kubernetes writes it", () => {
  assert.equal(Buffer.from(HEADER, "base64url").toString(), '{"alg":"HS256","kid":"abcdef"}')
  assert.equal(Buffer.from(MAC, "base64url").length, 32)
})

for (const { name, signature = SIGNED, content = "content", key = KEY, want = false } of [
  { name: "as signed", want: true },
  { name: "another content", content: "content " },
  { name: "another secret", key: { ...KEY, secret: "0123456789abcdee" } },
  { name: "another token's", key: { ...KEY, id: "fedcba" } },
  { name: "cut short", signature: SIGNED.slice(0, -4) },
  { name: "with its content inside", signature: `${HEADER}.${Buffer.from("content").toString("base64url")}.${MAC}` },
  { name: "no algorithm", signature: `${header({ alg: "none", kid: "abcdef" })}..` },
  { name: "a header that is no JSON", signature: `e30x..${MAC}` },
  { name: "empty", signature: "" },
  { name: "more parts", signature: `${SIGNED}.x` },
]) {
  test(`isSignedDetached: ${name}`, () => assert.equal(isSignedDetached(signature, content, key), want))
}
