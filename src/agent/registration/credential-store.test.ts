import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryDirectory } from "#lib/directory.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import { credentialStoreContract } from "./credential-store.contract.ts"
import { directoryCredentialStore, memoryCredentialStore } from "./credential-store.ts"
import { formatCredentials, parseCredentials } from "./credentials.ts"

credentialStoreContract("memoryCredentialStore", async () => memoryCredentialStore())
credentialStoreContract("directoryCredentialStore", async () => directoryCredentialStore(memoryDirectory()))

test("formatCredentials: the kubeconfig is as OCM's agent writes it", () => {
  const files = formatCredentials({
    clusterName: "c1",
    agentName: "a1",
    hub: { server: "https://hub", ca: "CA", clusterEntry: "hub" },
    certificate: "CERT",
    key: "KEY",
  })
  assert.deepEqual(parseYamlDocuments(files.kubeconfig), [
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "hub", cluster: { server: "https://hub", "certificate-authority-data": "Q0E=" } }],
      contexts: [
        { name: "default-context", context: { cluster: "hub", user: "default-auth", namespace: "configuration" } },
      ],
      "current-context": "default-context",
      users: [{ name: "default-auth", user: { "client-certificate": "tls.crt", "client-key": "tls.key" } }],
    },
  ])
})

test("parseCredentials: a missing or broken part means that there are none", () => {
  const files = formatCredentials({
    clusterName: "c1",
    agentName: "a1",
    hub: { server: "https://hub", clusterEntry: "hub" },
    certificate: "CERT",
    key: "KEY",
  })
  for (const name of ["kubeconfig", "tls.crt", "tls.key", "cluster-name", "agent-name"])
    assert.equal(parseCredentials({ ...files, [name]: "" }), undefined, name)
  assert.equal(parseCredentials({ ...files, kubeconfig: "clusters: [" }), undefined)
  assert.equal(parseCredentials({ ...files, kubeconfig: "clusters: []" }), undefined)
})
