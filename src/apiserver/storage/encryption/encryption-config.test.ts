import assert from "node:assert/strict"
import { test } from "node:test"
import { parseEncryptionConfig, providersFor } from "./encryption-config.ts"

const secret = Buffer.alloc(32, 7).toString("base64")
const config = (resources: unknown) => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "EncryptionConfiguration",
  resources,
})
const one = (provider: unknown) => config([{ resources: ["secrets"], providers: [provider] }])
const keys = (...list: unknown[]) => one({ aesgcm: { keys: list } })

test("reads providers in order, with decoded keys", () => {
  const rules = parseEncryptionConfig(
    config([
      { resources: ["secrets"], providers: [{ aesgcm: { keys: [{ name: "k1", secret }] } }, { identity: {} }] },
      { resources: ["*.apps", "widgets.example.com"], providers: [{ aescbc: { keys: [{ name: "k2", secret }] } }] },
      { resources: ["*.*"], providers: [{ identity: {} }] },
    ]),
  )
  const typesFor = (key: string) => providersFor(rules, key).map(({ type }) => type)
  assert.deepEqual(typesFor("/registry/core/secrets/default/a"), ["aesgcm", "identity"])
  assert.deepEqual(typesFor("/registry/apps/deployments/default/a"), ["aescbc"])
  assert.deepEqual(typesFor("/registry/example.com/widgets/default/a"), ["aescbc"])
  assert.deepEqual(typesFor("/registry/example.com/secrets/default/a"), ["identity"])
  const [provider] = providersFor(rules, "/registry/core/secrets/default/a")
  assert.deepEqual(provider, { type: "aesgcm", keys: [{ name: "k1", secret: new Uint8Array(32).fill(7) }] })
})

for (const [what, document, want] of [
  ["nothing", undefined, /kind EncryptionConfiguration/],
  ["another kind", { apiVersion: "v1", kind: "Secret" }, /kind EncryptionConfiguration/],
  ["no rules", config([]), /^Error: resources: Required value/],
  ["no resources", config([{ providers: [{ identity: {} }] }]), /resources\[0\]\.resources/],
  ["no providers", config([{ resources: ["secrets"] }]), /resources\[0\]\.providers/],
  ["two providers in one", one({ identity: {}, aesgcm: {} }), /exactly one/],
  ["an unknown provider", one({ rot13: {} }), /unknown provider "rot13"/],
  ["a provider that needs a library", one({ secretbox: {} }), /not supported here/],
  ["no keys", keys(), /aesgcm\.keys: Required value/],
  ["a key without a name", keys({ secret }), /keys\[0\]\.name: Required value/],
  ["a name with a colon", keys({ name: "a:b", secret }), /colon/],
  ["a name twice", keys({ name: "a", secret }, { name: "a", secret }), /keys\[1\]\.name: Duplicate value/],
  ["a secret that is no base64", keys({ name: "a", secret: "!" }), /base64/],
  ["a secret of a wrong length", keys({ name: "a", secret: "YWJj" }), /one of \[16 24 32\], got 3/],
] as const) {
  test(`refuses ${what}`, () => assert.throws(() => parseEncryptionConfig(document), want))
}
