// Tokens and client certificates that are almost right: nobody gets in with them, and nothing breaks.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import fc, { type GeneratorValue } from "fast-check"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { LOOPBACK } from "#apiserver/authentication/user.ts"
import { fuzzing } from "./budget.ts"
import { newHostileServer, type HostileServer } from "./server.ts"
import { mangled, mutated, nastyText, oneIn, pick } from "./values.ts"

let world: HostileServer
let token: string
let certificate: Uint8Array
before(async () => {
  world = await newHostileServer()
  const peer = { address: "setup", user: LOOPBACK }
  const path = "/api/v1/namespaces/n/serviceaccounts"
  const account = Buffer.from(JSON.stringify({ metadata: { name: "robot" } }))
  await world.send({ method: "POST", path, headers: {}, body: account, peer })
  const issued = await world.send({
    method: "POST",
    path: `${path}/robot/token`,
    headers: {},
    body: Buffer.from("{}"),
    peer,
  })
  token = (JSON.parse(issued.text) as { status: { token: string } }).status.token
  certificate = parseCertificate(world.server.pki.adminCertificate).der
})
after(() => world.end())

const encoded = (text: string) => Buffer.from(text).toString("base64url")

/** A token with one of its parts changed. */
function wrongToken(g: GeneratorValue): string {
  const parts = token.split(".")
  const at = pick(g, [0, 1, 2])
  const part = Buffer.from(parts[at]!, "base64url")
  if (oneIn(g, 200)) return Buffer.from(mangled(g, Buffer.from(token))).toString("latin1").replace(/[^!-~]/g, "-") // prettier-ignore
  if (oneIn(g, 100)) return encodeURIComponent(nastyText(g).toWellFormed()).slice(0, 8_000)
  if (at === 2 || oneIn(g, 200)) parts[at] = Buffer.from(mangled(g, part)).toString("base64url")
  else {
    const claims = JSON.parse(part.toString()) as Record<string, unknown>
    if (at === 0 && oneIn(g, 500))
      claims["alg"] = pick(g, ["none", "None", "HS256", "RS256", "ES384", "", null, ["ES256"], {}])
    else mutated(g, claims)
    parts[at] = encoded(JSON.stringify(claims))
  }
  if (oneIn(g, 50)) parts[2] = ""
  return parts.join(".")
}

test("a token with a changed part is 401, and TokenReview says why", async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const wrong = wrongToken(g)
      const claims = (text: string) => text.split(".").slice(0, 2).map((part) => Buffer.from(part, "base64url").toString()).join(".") // prettier-ignore
      // A part that was changed into itself is still right.
      if (wrong === token || wrong === "") return
      const headers = { authorization: `Bearer ${wrong}` }
      const answer = await world.send({ method: "GET", path: "/api", headers })
      assert.equal(answer.status, 401, `${wrong} ${claims(wrong)}`)
      const body = Buffer.from(JSON.stringify({ spec: { token: wrong } }))
      const path = "/apis/authentication.k8s.io/v1/tokenreviews"
      const reviewed = await world.send({
        method: "POST",
        path,
        headers: {},
        body,
        peer: { address: "", user: LOOPBACK },
      })
      assert.match(reviewed.text, /"error":"\[?invalid bearer token/)
      assert.deepEqual(world.faults(), [])
    }),
    fuzzing(300),
  )
})

test("a certificate with changed bytes is 401", async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const wrong = mangled(g, certificate)
      if (Buffer.compare(wrong, certificate) === 0) return
      const peer = { address: "192.0.2.1", certificate: wrong }
      const answer = await world.send({ method: "GET", path: "/api", headers: {}, peer })
      assert.equal(answer.status, 401, Buffer.from(wrong).toString("base64"))
      assert.deepEqual(world.faults(), [])
    }),
    fuzzing(300),
  )
})
