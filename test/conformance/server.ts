// The cluster that the conformance tests run against: an embedded API server with its controllers, on loopback, with nodes
// that only pretend to run pods.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KUBERNETES_VERSION, startMemberServer } from "#controlplane/embedded-server.ts"
import { openHost } from "#cmd/host.ts"
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
    },
    lastPort: undefined,
  })
  startMemberServer(runtime, host.server, {
    nodes: NODES,
    podReadyAfterMs: POD_READY_AFTER_MS,
    podRunsForMs: POD_RUNS_FOR_MS,
  })
  const kubeconfig = join(dir, "kubeconfig")
  writeFileSync(kubeconfig, host.adminKubeconfig(), { mode: 0o600 })
  return {
    kubeconfig,
    version: KUBERNETES_VERSION,
    stop: async () => {
      ending.abort()
      await host[Symbol.asyncDispose]()
    },
  }
}
