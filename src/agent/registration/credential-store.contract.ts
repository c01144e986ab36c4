import assert from "node:assert/strict"
import { test } from "node:test"
import { endDetachment, type CredentialStore } from "./credential-store.ts"
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
      proxyUrl: "http://proxy:3128",
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
    const detached = { ...next, clusterUid: "u1", detached: { uid: "u1", workloads: "keep" } } as const
    await store.save(detached)
    const moved = { ...next, joinedAt: credentials.hub }
    assert.deepEqual(await store.load(), detached)
    await store.save(moved)
    assert.deepEqual(await store.load(), moved)
    await store.save(detached)
    assert.deepEqual(await store.load(), detached)
    await store.save(next)
    assert.deepEqual(await store.load(), next)
  })

  test(`${name}: clear, twice`, async () => {
    const store = await open()
    await store.save(credentials)
    await store.clear()
    assert.equal(await store.load(), undefined)
    await store.clear()
    await store.save(credentials)
    assert.deepEqual(await store.load(), credentials)
  })

  test(`${name}: only what was detached is cleared by a new join`, async () => {
    const store = await open()
    await endDetachment(store)
    await store.save(credentials)
    await endDetachment(store)
    assert.deepEqual(await store.load(), credentials)
    await store.save({ ...credentials, detached: { uid: "u1", workloads: "remove" } })
    await endDetachment(store)
    assert.equal(await store.load(), undefined)
  })
}
