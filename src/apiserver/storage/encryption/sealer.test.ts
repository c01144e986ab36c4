import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { realRandom } from "#lib/random.ts"
import type { SealProvider, SealRule } from "./encryption-config.ts"
import { newSealer } from "./sealer.ts"

const KEY = "/registry/core/secrets/default/a"
const key = (name: string, fill: number) => ({ name, secret: new Uint8Array(32).fill(fill) })
const rule = (...providers: SealProvider[]): SealRule[] => [{ resources: ["secrets"], providers }]
const gcm = (...keys: ReturnType<typeof key>[]): SealProvider => ({ type: "aesgcm", keys })
const cbc = (...keys: ReturnType<typeof key>[]): SealProvider => ({ type: "aescbc", keys })
const identity: SealProvider = { type: "identity" }
const sealer = (...providers: SealProvider[]) => newSealer(rule(...providers), realRandom)
const text = (value: Uint8Array) => Buffer.from(value).toString("latin1")
const value = Buffer.from('{"apiVersion":"v1"}')

const k1 = key("k1", 1)

test("what is sealed is read again, and says nothing of its content", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, useGcm) => {
      const s = sealer(useGcm ? gcm(k1) : cbc(k1))
      const sealed = s.seal(KEY, bytes)
      assert.ok(text(sealed).startsWith(`k8s:enc:${useGcm ? "aesgcm" : "aescbc"}:v1:k1:`))
      if (bytes.length > 8) assert.ok(!text(sealed).includes(text(bytes)))
      const opened = s.open(KEY, sealed)
      assert.deepEqual([text(opened.value), opened.stale], [text(bytes), false])
      assert.notEqual(text(s.seal(KEY, bytes)), text(sealed))
    }),
    { numRuns: 50 },
  )
})

test("all providers and keys are read, the first one writes, and what others wrote is stale", () => {
  const k2 = key("k2", 2)
  const old = sealer(gcm(k1)).seal(KEY, value)
  for (const s of [sealer(gcm(k2, k1)), sealer(cbc(k2), gcm(k1)), sealer(identity, gcm(k1))]) {
    assert.deepEqual([text(s.open(KEY, old).value), s.open(KEY, old).stale], [text(value), true])
    assert.equal(s.open(KEY, s.seal(KEY, value)).stale, false)
  }
  assert.equal(sealer(gcm(k1), identity).open(KEY, value).stale, true)
  assert.equal(text(sealer(identity).seal(KEY, value)), text(value))
})

test("other resources are left alone", () => {
  const other = "/registry/core/configmaps/default/a"
  assert.equal(sealer(gcm(k1)).seal(other, value), value)
  assert.deepEqual(sealer(gcm(k1)).open(other, value), { value, stale: false })
})

test("a missing key, another secret, another object's value, a changed value and an open one are refused", () => {
  const s = sealer(gcm(k1))
  const sealed = s.seal(KEY, value)
  assert.throws(() => sealer(gcm(key("k2", 2))).open(KEY, sealed), /a is encrypted with aesgcm key "k1", which/)
  assert.throws(() => newSealer([], realRandom).open(KEY, sealed), /which the encryption configuration does not have/)
  assert.throws(() => sealer(gcm(key("k1", 2))).open(KEY, sealed), /cannot be decrypted: key "k1"/)
  assert.throws(() => s.open("/registry/core/secrets/default/b", sealed), /cannot be decrypted/)
  for (let i = sealed.length - 30; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    assert.throws(() => s.open(KEY, changed), /cannot be decrypted/)
  }
  assert.throws(() => s.open(KEY, sealed.subarray(0, 25)), /cannot be decrypted/)
  assert.throws(() => s.open(KEY, value), /is not encrypted, and the encryption configuration does not name identity/)
})
