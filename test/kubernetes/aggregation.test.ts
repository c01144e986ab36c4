// kube-apiserver with another API server behind it: what the embedded server does as well.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe } from "node:test"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { loadKubeconfig } from "#kube/kubeconfig.ts"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { aggregationCases, type AggregatingServer } from "../aggregation/aggregation.cases.ts"
import { buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

describe("aggregation on kube-apiserver", () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-aggregation-"))
  let cluster: KubernetesCluster | undefined
  let target: AggregatingServer
  before(async () => {
    const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
    const dir = join(root, "proxy")
    mkdirSync(dir)
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text)
      return join(dir, name)
    }
    cluster = await startKubernetes(
      "aggregating",
      join(root, "real"),
      buildKubernetes(() => {}),
      EMBEDDED_CONTROLLERS,
      [
        `--requestheader-client-ca-file=${file("ca.crt", pki.proxyAuthority)}`,
        `--proxy-client-cert-file=${file("client.crt", pki.proxyCertificate)}`,
        `--proxy-client-key-file=${file("client.key", pki.proxyKey)}`,
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-uid-headers=X-Remote-Uid",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      ],
    )
    const { server, ca, cert, key } = await loadKubeconfig(cluster.kubeconfig, (path) => readFile(path, "utf8"))
    target = { server, ca: String(ca), cert: String(cert), key: String(key) }
  })
  after(async () => {
    await cluster?.stop()
    rmSync(root, { recursive: true, force: true })
  })
  aggregationCases(() => target)
})
