import assert from "node:assert/strict"
import { test } from "node:test"
import type { CredentialStore } from "./credential-store.ts"
import type { HubCredentials } from "./credentials.ts"

/** What every CredentialStore does. `open` returns an empty one. */
export function credentialStoreContract(name: string, open: () => Promise<CredentialStore>): void {
  const credentials: HubCredentials = {
    clusterName: "cluster1",
    agentName: "abcde",
    hub: {
      server: "https://127.0.0.1:6443/clusters/x",
      ca: "-----BEGIN CERTIFICATE-----\nAA==\n",
      clusterEntry: "hub",
    },
    certificate: "-----BEGIN CERTIFICATE-----\nAQ==\n",
    key: "-----BEGIN EC PRIVATE KEY-----\nAg==\n",
  }

  test(`${name}: empty`, async () => assert.equal(await (await open()).load(), undefined))

  test(`${name}: save, load, replace`, async () => {
    const store = await open()
    await store.save(credentials)
    assert.deepEqual(await store.load(), credentials)
    const { ca: _, ...withoutCa } = credentials.hub
    const next = { ...credentials, hub: withoutCa, certificate: "next", key: "next key" }
    await store.save(next)
    assert.deepEqual(await store.load(), next)
  })
}
