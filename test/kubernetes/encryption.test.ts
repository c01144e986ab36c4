// Encryption at rest against kube-apiserver's: each reads what the other wrote with the same configuration.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { SECRETS } from "#api/kubernetes/core.ts"
import { parseEncryptionConfig } from "#apiserver/storage/encryption/encryption-config.ts"
import { newSealer } from "#apiserver/storage/encryption/sealer.ts"
import { realRandom } from "#lib/random.ts"
import { connectWith } from "../support/hawser.ts"
import { buildKubernetes } from "./build.ts"
import { startKubernetes } from "./cluster.ts"

const dir = mkdtempSync(join(tmpdir(), "hawser-encryption-"))
after(() => rmSync(dir, { recursive: true }))

const key = (name: string, fill: number, length: number) => ({
  name,
  secret: Buffer.alloc(length, fill).toString("base64"),
})
/** kube-apiserver's keys in etcd have no group: `/registry/secrets/NAMESPACE/NAME`. Any resource is meant here. */
const config = (providers: unknown[]) => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "EncryptionConfiguration",
  resources: [{ resources: ["secrets"], providers }],
})
const sealerOf = (providers: unknown[]) => {
  const [rule] = parseEncryptionConfig(config(providers))
  return newSealer([{ ...rule!, resources: ["*.*"] }], realRandom)
}

for (const [type, length] of [
  ["aesgcm", 32],
  ["aescbc", 16],
] as const) {
  test(`${type}: a Secret of kube-apiserver's is read here, and one written here is read there`, async () => {
    const folder = join(dir, type)
    const providers = [{ [type]: { keys: [key("k1", 5, length)] } }, { identity: {} }]
    const file = join(dir, `${type}.json`)
    writeFileSync(file, JSON.stringify(config(providers)))
    const flags = [`--encryption-provider-config=${file}`]
    const cluster = await startKubernetes(
      type,
      folder,
      buildKubernetes(() => {}),
      "-*",
      flags,
    )
    const { client, close } = await connectWith(cluster.kubeconfig)
    try {
      const call = async (path: string, body: object) => {
        const answer = await fetch(`${cluster.etcd}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) })
        return (await answer.json()) as { kvs?: { value: string }[] }
      }
      const metadata = { name: "a", namespace: "default" }
      const data = { text: Buffer.from("top secret").toString("base64") }
      await client.create(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, data })
      const place = "/registry/secrets/default/a"
      const { kvs } = await call("range", { key: Buffer.from(place).toString("base64") })
      const stored = Buffer.from(kvs![0]!.value, "base64")
      assert.ok(stored.toString("latin1").startsWith(`k8s:enc:${type}:v1:k1:`))
      const { value, stale } = sealerOf(providers).open(place, stored)
      assert.equal(stale, false)
      const plain = Buffer.from(value).toString("latin1")
      assert.match(plain, /^k8s\0.*top secret/s)

      const other = Buffer.from(plain.replace("top secret", "our secret"), "latin1")
      const sealed = Buffer.from(sealerOf(providers).seal(place, other))
      await call("put", { key: Buffer.from(place).toString("base64"), value: sealed.toString("base64") })
      // A get without resourceVersion is answered from the newest state.
      const read = await client.get(SECRETS, metadata)
      assert.equal(Buffer.from(read.data!["text"]!, "base64").toString(), "our secret")
    } finally {
      close()
      await cluster.stop()
    }
  })
}
