// A cluster that reaches its hub through an HTTP proxy, and a hub whose certificate comes from an authority of its own.
import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { isConditionTrue } from "#apimachinery/conditions.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { kubeconfigText, parseKubeconfig } from "#kube/kubeconfig.ts"
import { startConnectProxy } from "../support/connect-proxy.ts"
import { eventually } from "../support/eventually.ts"
import { hawserWith } from "../support/hawser.ts"
import type { Scene } from "./bound-tokens.ts"

/** Of the hub's certificate, and of no DNS server: only the proxy knows where it is. */
const HIDDEN_HOST = "kubernetes.default.svc"

export async function behindProxy({ dir, run, begin, available, hub, servers }: Scene): Promise<void> {
  const proxy = await startConnectProxy()
  try {
    const target = ["-o", "kubeconfig", "--kubeconfig", servers.hubKubeconfig]
    const created = await run("token", "create", "--cluster-name", "proxied", ...target)
    const direct = await parseKubeconfig(created.stdout)
    const { port } = new URL(direct.server)
    const hidden = { ...direct, server: `https://${HIDDEN_HOST}:${port}`, name: "hub" }
    const bootstrap = (name: string, parts: object) => {
      writeFileSync(join(dir, name), kubeconfigText({ ...hidden, ...parts }))
      return join(dir, name)
    }
    const args = (file: string) => {
      const spoke = ["--kubeconfig", servers.spokeKubeconfig, "--dir", join(dir, "proxied")]
      return ["join", "--cluster-name", "proxied", "--bootstrap-kubeconfig", file, ...spoke]
    }

    const refused = await run(...args(bootstrap("no-password", { proxyUrl: proxy.urlWithout })))
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /through the proxy 127\.0\.0\.1:\d+: it answered 407/)
    const other = await run(...args(bootstrap("socks", { proxyUrl: "socks5://127.0.0.1:1" })))
    assert.match(other.stderr, /Cannot use the proxy of cluster "hub": want a URL that begins with http/)

    begin(...args(bootstrap("with-password", { proxyUrl: proxy.url })), "--run")
    const accepted = await run("accept", "proxied", "--wait", "--kubeconfig", servers.hubKubeconfig)
    assert.equal(accepted.code, 0, accepted.stderr)
    await available("proxied")
    proxy.breakTunnels()
    await hub.client.create(MANIFEST_WORKS, {
      apiVersion: "work.open-cluster-management.io/v1",
      kind: "ManifestWork",
      metadata: { namespace: "proxied", name: "work" },
      spec: {
        workload: {
          manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name: "work" } }],
        },
      },
    })
    await eventually(async () => {
      const { status } = await hub.client.get(MANIFEST_WORKS, { namespace: "proxied", name: "work" })
      assert.ok(isConditionTrue(status?.conditions, "Applied"))
    })
    const work = { namespace: "proxied", name: "work" }
    await hub.client.delete(MANIFEST_WORKS, work)
    await eventually(() =>
      assert.rejects(hub.client.get(MANIFEST_WORKS, work), (error) => hasReason(error, "NotFound")),
    )
    assert.deepEqual(new Set(proxy.targets), new Set([`${HIDDEN_HOST}:${port}`]))

    // The environment names it for those whose kubeconfig does not, but not for those that it exempts.
    const admin = kubeconfigText({ ...hub.kubeconfig, server: hidden.server })
    writeFileSync(join(dir, "hidden-admin"), admin)
    const get = ["get", "clusters", "--kubeconfig", "hidden-admin", "-o", "name"]
    const listed = await hawserWith({ HTTPS_PROXY: proxy.url }, dir, ...get)
    assert.match(listed.stdout, /proxied/, listed.stderr)
    const exempt = await hawserWith({ HTTPS_PROXY: proxy.url, NO_PROXY: ".svc" }, dir, ...get)
    assert.match(exempt.stderr, new RegExp(`Cannot connect to ${HIDDEN_HOST}:${port}`))
  } finally {
    await proxy.close()
  }
}
