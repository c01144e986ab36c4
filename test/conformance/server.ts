// The cluster that the conformance tests run against: an embedded API server with its controllers, on loopback, with nodes
// that only pretend to run pods.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KUBERNETES_VERSION, startMemberServer } from "#controlplane/embedded-server.ts"
import { openHost } from "#cmd/host.ts"
import { LEASES, type Lease } from "#api/kubernetes/coordination.ts"
import type { KubeClient } from "#kube/client.ts"
import { formatMicroTime, realClock } from "#lib/clock.ts"
import { realRuntime } from "#cmd/runtime.ts"

const NODES = 3
const POD_READY_AFTER_MS = 300
const POD_RUNS_FOR_MS = 300

export type ConformanceServer = {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly version: string
  stop(): Promise<void>
}

/** How often the kubelet of a real node renews its lease. A cluster in which nothing is written never expires a list. */
const HEARTBEAT_MS = 10_000

function startHeartbeat(client: KubeClient): NodeJS.Timeout {
  const lease = (): Lease => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "node-1", namespace: "kube-node-lease" },
    spec: { holderIdentity: "node-1", renewTime: formatMicroTime(realClock.nowMs()) },
  })
  return setInterval(() => {
    client.apply(LEASES, lease(), { fieldManager: "kubelet" }).catch(() => undefined)
  }, HEARTBEAT_MS)
}

/** Starts it with its files in `dir`; its log goes to `DIR/server.log`. */
export async function startConformanceServer(dir: string): Promise<ConformanceServer> {
  mkdirSync(dir, { recursive: true })
  const ending = new AbortController()
  const runtime = realRuntime(ending.signal, { file: join(dir, "server.log") })
  const host = await openHost(runtime, {
    dir,
    cwd: dir,
    serving: {
      bindAddress: "127.0.0.1",
      tlsSan: [],
      auditLogMaxMegabytes: 0,
      auditLogMaxBackups: 0,
      auditLogMaxDays: 0,
      oidcUsernameClaim: "sub",
      oidcGroupsPrefix: "",
      oidcSigningAlgs: [],
      oidcRequiredClaim: [],
      requestheaderAllowedNames: [],
      requestheaderUsernameHeaders: "",
      requestheaderUidHeaders: "",
      requestheaderGroupHeaders: "",
      requestheaderExtraHeadersPrefix: "",
    },
    lastPort: undefined,
  })
  startMemberServer(runtime, host.server, {
    nodes: NODES,
    podReadyAfterMs: POD_READY_AFTER_MS,
    podRunsForMs: POD_RUNS_FOR_MS,
  })
  const heartbeat = startHeartbeat(host.server.client)
  const kubeconfig = join(dir, "kubeconfig")
  writeFileSync(kubeconfig, host.adminKubeconfig(), { mode: 0o600 })
  return {
    kubeconfig,
    version: KUBERNETES_VERSION,
    stop: async () => {
      clearInterval(heartbeat)
      ending.abort()
      await host[Symbol.asyncDispose]()
    },
  }
}
