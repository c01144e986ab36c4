import type { Agent, AgentOptions } from "#agent/start.ts"
import { startAgent } from "#agent/start.ts"
import { secretCredentialStore } from "#agent/registration/credential-store.ts"
import { informerSource } from "#agent/work/member-objects.ts"
import type { WorkCache } from "#agent/work/work-cache.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ServerPki } from "#apiserver/authentication/server-pki.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import {
  newEmbeddedServer,
  startMemberServer,
  type EmbeddedServer,
  type EmbeddedServerOptions,
} from "#controlplane/embedded-server.ts"
import { localRestMapper } from "#controlplane/local-rest-mapper.ts"
import type { Runtime } from "#runtime/controller.ts"

export type MemberOptions = {
  readonly name: string
  readonly storage: Storage
  readonly pki: ServerPki
  readonly nodes: number
  /** How long pods take to become ready. */
  readonly podReadyAfterMs: number
  /** What `hawser join` would install. */
  readonly manifests: readonly UnknownObject[]
  readonly around?: EmbeddedServerOptions["around"]
  /** The network to its webhooks; absent: none can be reached. */
  readonly outbound?: EmbeddedServerOptions["outbound"]
}

/** A simulated cluster: an API server of its own with nodes and workloads, and the agent that joins it to a hub. */
export interface Member {
  readonly name: string
  readonly server: EmbeddedServer
  /** Starts the klusterlet; it joins like that of any other cluster. */
  join(hub: Pick<AgentOptions, "bootstrap" | "connect"> & { readonly workCache: WorkCache }): Agent
  /** Ends everything of it; its storage stays with who gave it. */
  stop(): void
}

/** How long a task of a simulated Job takes. */
const POD_RUNS_FOR_MS = 300

export async function startMember(runtime: Runtime, options: MemberOptions): Promise<Member> {
  const stop = new AbortController()
  const own: Runtime = {
    ...runtime,
    log: runtime.log.with({ member: options.name }),
    signal: AbortSignal.any([runtime.signal, stop.signal]),
  }
  const { name, storage, pki, nodes, podReadyAfterMs } = options
  const server = await newEmbeddedServer(own, {
    storage,
    pki,
    issuer: "https://kubernetes.default.svc.cluster.local",
    ...(options.around === undefined ? {} : { around: options.around }),
    ...(options.outbound === undefined ? {} : { outbound: options.outbound }),
  })
  await server.api.bootstrap(options.manifests)
  startMemberServer(own, server, { nodes, podReadyAfterMs, podRunsForMs: POD_RUNS_FOR_MS })
  return {
    name,
    server,
    join: ({ bootstrap, connect, workCache }) =>
      startAgent(own, {
        clusterName: name,
        ...(bootstrap === undefined ? {} : { bootstrap }),
        connect,
        credentialStore: secretCredentialStore(server.client),
        member: {
          client: server.client,
          informers: server.informers,
          mapper: localRestMapper(server.api.resources),
          objectSource: informerSource(server.informers),
        },
        workCache,
      }),
    stop: () => stop.abort(),
  }
}
