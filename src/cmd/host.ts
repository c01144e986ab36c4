// What listens: an embedded API server with its files in a folder, and others beside it behind the same port.
import { openDirectory, type Directory } from "#lib/directory.ts"
import { newHttpsOutbound } from "#lib/https-outbound.ts"
import { newMetrics } from "#lib/metrics.ts"
import { addProcessMetrics } from "#lib/process-metrics.ts"
import type { Random } from "#lib/random.ts"
import type { Clock } from "#lib/clock.ts"
import { ensureServerPki, type ServerPki } from "#apiserver/authentication/server-pki.ts"
import { newListener, type Listener } from "#apiserver/listener/listener.ts"
import type { Handler } from "#apiserver/request.ts"
import type { StorageEngine } from "#apiserver/storage/storage.ts"
import type { AdmissionPlugin } from "#apiserver/admission/admission.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { RbacAuthorizer } from "#apiserver/authorization/rbac-authorizer.ts"
import { newEmbeddedServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"
import { kubeconfigText } from "#kube/kubeconfig.ts"
import type { Runtime } from "#runtime/controller.ts"
import { CommandError, EXIT } from "#cli/terminal.ts"
import type { ServerFlags, ServingOptions } from "#cli/roots.ts"
import { openAuditLog } from "./audit-log.ts"
import { newBackupEndpoint, removeUnfinishedBackups } from "./backup-endpoint.ts"
import { readFrontProxy } from "./front-proxy.ts"
import { fetchJson } from "./https-json.ts"
import { readOidcIssuers } from "./oidc-issuers.ts"
import { openStateDatabase, readEncryptionConfig } from "./state-database.ts"

export interface Host extends AsyncDisposable {
  readonly server: EmbeddedServer
  /** `https://HOST:PORT`, as kubeconfigs name it. */
  readonly url: string
  readonly port: number
  readonly engine: StorageEngine
  /** Puts a server under a path prefix: `/clusters/cluster1`. */
  mount(prefix: string, handler: Handler): void
  unmount(prefix: string): void
  /** An administrator's kubeconfig of the host's own server. */
  adminKubeconfig(): string
}

const PKI_FILE = "pki.json"
/** Where servers beside the main one are mounted: `/clusters/NAME/…`. */
export const CLUSTERS_PREFIX = "/clusters/"

export async function openHost(
  runtime: Runtime,
  options: {
    readonly dir: string
    /** What files in options are relative to. */
    readonly cwd: string
    readonly serving: ServerFlags
    /** Taken at the last start: taken again where nobody asks for another. */
    readonly lastPort: number | undefined
    readonly admission?: (authorizer: RbacAuthorizer, reader: ObjectReader) => readonly AdmissionPlugin[]
  },
): Promise<Host> {
  const { serving } = options
  const advertised = serving.advertiseAddress ?? advertisedByDefault(serving.bindAddress)
  await using opening = new AsyncDisposableStack()
  const encryption = await readEncryptionConfig(options.cwd, serving.encryptionProviderConfig)
  const database = openStateDatabase({ dir: options.dir, clock: runtime.clock, encryption })
  opening.defer(async () => (await database.catch(() => undefined))?.close())
  // The storage's thread starts while keys are made here.
  const names = [advertised, serving.bindAddress, ...serving.tlsSan]
  const [engine, pki] = await Promise.all([database, ensurePki(openDirectory(options.dir), runtime, names)])
  await removeUnfinishedBackups(options.dir)
  const metrics = runtime.metrics ?? newMetrics()
  addProcessMetrics(metrics)
  const audit = await openAuditLog(runtime, serving, options, opening)
  const frontProxy = await readFrontProxy(options.cwd, serving)
  const issuers = await readOidcIssuers(options.cwd, serving)
  const server = await newEmbeddedServer(runtime, {
    storage: await engine.store("hub"),
    pki,
    issuer: "https://kubernetes.default.svc.cluster.local",
    plain: newBackupEndpoint(runtime, engine, options.dir),
    flowControl: true,
    outbound: opening.adopt(newHttpsOutbound(), (opened) => opened.close()),
    metrics,
    ...(audit === undefined ? {} : { audit }),
    ...(frontProxy === undefined ? {} : { frontProxy }),
    ...(issuers.length === 0 ? {} : { oidc: { issuers, fetchJson } }),
    ...(options.admission === undefined ? {} : { admission: options.admission }),
  })
  const mounted = new Map<string, Handler>()
  const listener = opening.adopt(
    await listen(runtime, { serving, lastPort: options.lastPort, pki, main: server.handler, mounted }),
    (opened) => opened.close(),
  )
  const opened = opening.move()
  const url = `https://${advertised.includes(":") ? `[${advertised}]` : advertised}:${listener.port}`
  return {
    server,
    url,
    port: listener.port,
    engine,
    mount: (prefix, handler) => void mounted.set(prefix, handler),
    unmount: (prefix) => void mounted.delete(prefix),
    adminKubeconfig: () =>
      kubeconfigText({
        server: url,
        ca: pki.caCertificate,
        cert: pki.adminCertificate,
        key: pki.adminKey,
        name: "hub",
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const advertisedByDefault = (bind: string) => (bind === "0.0.0.0" || bind === "::" ? "127.0.0.1" : bind)

/** @param options.main  answers what is under no prefix */
export async function listen(
  runtime: Runtime,
  options: {
    readonly serving: Pick<ServingOptions, "bindAddress" | "port">
    readonly lastPort: number | undefined
    readonly pki: ServerPki
    readonly main?: Handler
    readonly mounted: ReadonlyMap<string, Handler>
  },
): Promise<Listener> {
  const { serving, lastPort, pki, main, mounted } = options
  const open = (port: number) =>
    newListener({
      address: serving.bindAddress,
      port,
      tls: { cert: pki.servingCertificate, key: pki.servingKey },
      clock: runtime.clock,
      log: runtime.log,
      route: (path) => {
        if (!path.startsWith(CLUSTERS_PREFIX)) return main && { handler: main, prefix: "" }
        const slash = path.indexOf("/", CLUSTERS_PREFIX.length)
        const prefix = slash < 0 ? path : path.slice(0, slash)
        const handler = mounted.get(prefix)
        return handler === undefined ? undefined : { handler, prefix }
      },
    })
  const port = serving.port ?? lastPort
  try {
    return await open(port ?? 0)
  } catch (error) {
    throw new CommandError(`Cannot listen on port ${port ?? "0"}`, {
      exitCode: EXIT.failed,
      cause: error,
      next:
        serving.port === undefined ? "end what has taken it, or name another with --port" : "name another with --port",
    })
  }
}

/** Keys and certificates of a server, kept in one file of its folder. */
export async function ensurePki(
  directory: Directory,
  deps: { clock: Clock; random: Random },
  serverNames: readonly string[],
): Promise<ServerPki> {
  const kept = await directory.read(PKI_FILE)
  const existing = kept === undefined ? {} : (JSON.parse(Buffer.from(kept).toString("utf8")) as Partial<ServerPki>)
  const { pki, changed } = ensureServerPki({
    existing,
    serverNames: [...new Set(serverNames)],
    clock: deps.clock,
    random: deps.random,
  })
  if (changed.length > 0) await directory.write(PKI_FILE, JSON.stringify(pki, null, 2))
  return pki
}
