import assert from "node:assert/strict"
import { test } from "node:test"
import { formatYaml } from "#lib/yaml.ts"
import type { KubeconfigParts } from "./kubeconfig.ts"
import { kubeconfigText, loadKubeconfig, parseKubeconfig } from "./kubeconfig.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")

const document = (more: { cluster?: object; user?: object; context?: object; top?: object } = {}) =>
  formatYaml({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "ctx",
    contexts: [{ name: "ctx", context: { cluster: "c", user: "u", ...more.context } }],
    clusters: [{ name: "c", cluster: { server: "https://hub:6443", ...more.cluster } }],
    users: [{ name: "u", user: { token: "t", ...more.user } }],
    ...more.top,
  })

const NAMES = { contextName: "ctx", clusterName: "c", userName: "u" }
const files: Record<string, string> = {
  "/etc/hub/ca.crt": "CA",
  "/etc/hub/pki/tls.crt": "CERT",
  "/abs/tls.key": "KEY",
  "/etc/hub/token": " T2\n",
}
const readFile = async (path: string) => files[path] ?? assert.fail(`no file ${path}`)

test("parseKubeconfig: inline data, namespace, impersonation", async () => {
  const text = document({
    cluster: {
      "certificate-authority-data": base64("CA"),
      "tls-server-name": "hub",
      "insecure-skip-tls-verify": false,
    },
    user: {
      "client-certificate-data": base64("CERT"),
      "client-key-data": base64("KEY"),
      as: "other",
      "as-groups": ["g"],
    },
    context: { namespace: "ns" },
  })
  assert.deepEqual(await parseKubeconfig(text), {
    server: "https://hub:6443",
    ca: "CA",
    serverName: "hub",
    cert: "CERT",
    key: "KEY",
    token: "t",
    namespace: "ns",
    impersonate: { user: "other", groups: ["g"] },
    ...NAMES,
  })
})

test("loadKubeconfig: files are found beside the kubeconfig, absolute ones where they are", async () => {
  const text = document({
    cluster: { "certificate-authority": "ca.crt" },
    user: { "client-certificate": "pki/tls.crt", "client-key": "/abs/tls.key", token: "", tokenFile: "token" },
  })
  const read = (path: string) => (path === "/etc/hub/kubeconfig" ? Promise.resolve(text) : readFile(path))
  assert.deepEqual(await loadKubeconfig("/etc/hub/kubeconfig", read), {
    server: "https://hub:6443",
    ca: "CA",
    cert: "CERT",
    key: "KEY",
    token: "T2",
    ...NAMES,
  })
})

test("parseKubeconfig: another context, without a user", async () => {
  const text = document({ top: { contexts: [{ name: "anonymous", context: { cluster: "c" } }] } })
  const parsed = await parseKubeconfig(text, { context: "anonymous" })
  assert.deepEqual(parsed, { server: "https://hub:6443", contextName: "anonymous", clusterName: "c", userName: "" })
})

for (const { name, text, want } of [
  { name: "empty", text: "", want: /it is empty/ },
  { name: "no YAML", text: "a: [", want: /Cannot read YAML in line/ },
  { name: "no current-context", text: document({ top: { "current-context": "" } }), want: /no current-context/ },
  { name: "context missing", text: document({ top: { contexts: null } }), want: /no context "ctx"/ },
  { name: "cluster missing", text: document({ context: { cluster: "x" } }), want: /no cluster "x"/ },
  { name: "user missing", text: document({ context: { user: "x" } }), want: /no user "x"/ },
  { name: "no server", text: document({ cluster: { server: "" } }), want: /cluster "c" has no server/ },
  {
    name: "exec plugin",
    text: document({ user: { exec: { command: "aws" } } }),
    want: /program "aws", which is not supported/,
  },
  {
    name: "auth provider",
    text: document({ user: { "auth-provider": { name: "gcp" } } }),
    want: /auth-provider "gcp"/,
  },
  { name: "password", text: document({ user: { username: "x", password: "secret" } }), want: /a password/ },
  {
    name: "proxy",
    text: document({ cluster: { "proxy-url": "socks5://p" } }),
    want: /Cannot use the proxy of cluster/,
  },
  {
    name: "certificate without key",
    text: document({ user: { "client-certificate-data": "eA==" } }),
    want: /only one of/,
  },
  { name: "file without a way to read", text: document({ user: { "client-key": "k" } }), want: /names the file k/ },
]) {
  test(`parseKubeconfig: refused: ${name}`, async () => {
    await assert.rejects(parseKubeconfig(text, { source: "/f" }), (error: Error) => {
      assert.match(error.message, want)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
  })
}

test("loadKubeconfig: a file that is missing is named", async () => {
  const missing = async () => {
    throw new Error("ENOENT")
  }
  await assert.rejects(loadKubeconfig("/no", missing), /Cannot read kubeconfig \/no/)
  const text = document({ cluster: { "certificate-authority": "ca.crt" } })
  const read = async (path: string) => (path === "/etc/hub/k" ? text : missing())
  await assert.rejects(loadKubeconfig("/etc/hub/k", read), /Cannot read ca.crt, which kubeconfig \/etc\/hub\/k names/)
})

for (const parts of [
  { server: "https://hub:6443/clusters/c1", ca: "CA\n", cert: "CERT\n", key: "KEY\n", name: "c1", user: "admin" },
  { server: "https://hub:6443", token: "t", serverName: "x", insecure: true, namespace: "ns" },
] satisfies KubeconfigParts[]) {
  test(`kubeconfigText: what is written reads back the same: ${Object.keys(parts).join(", ")}`, async () => {
    const text = kubeconfigText(parts)
    assert.equal(kubeconfigText(parts), text)
    const { name = "hawser", user = "admin", ...rest } = parts
    assert.deepEqual(await parseKubeconfig(text), { ...rest, contextName: name, clusterName: name, userName: user })
  })
}

test("kubeconfigText: names files where credentials are rotated", async () => {
  const text = kubeconfigText({ server: "https://hub:6443", files: { cert: "pki/tls.crt", key: "/abs/tls.key" } })
  const read = (path: string) => (path === "/etc/hub/kubeconfig" ? Promise.resolve(text) : readFile(path))
  const { cert, key } = await loadKubeconfig("/etc/hub/kubeconfig", read)
  assert.deepEqual([cert, key], ["CERT", "KEY"])
})
