// One real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, with a PKI of its own.
import { spawn, type ChildProcess } from "node:child_process"
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { request } from "node:https"
import { createServer } from "node:net"
import { join } from "node:path"
import { realClock, sleep } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { DAY_MS, newCertificateAuthority, signCertificate } from "#lib/x509/authority.ts"
import { newPrivateKey, privateKeyPem } from "#lib/x509/keys.ts"
import type { Binaries } from "./build.ts"

export type KubernetesCluster = {
  readonly name: string
  readonly server: string
  /** Where its etcd answers HTTP. */
  readonly etcd: string
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** The API server's process: `kill -9` is what a bad day looks like. */
  stopApiServer(signal: NodeJS.Signals): Promise<void>
  startApiServer(): Promise<void>
  /** A further API server on the same etcd, with a serving certificate of its own. @param port  default any */
  startAnother(
    serving: Serving,
    port?: number,
  ): Promise<{ readonly server: string; readonly stop: () => Promise<void> }>
  stop(): Promise<void>
}

/** What an API server proves itself with, as PEM, and the authority that it comes from. */
export type Serving = { readonly cert: string; readonly key: string; readonly ca: string }

/** All that need no cloud and no real nodes. */
const CONTROLLERS =
  "*,bootstrap-signer-controller,-node-lifecycle-controller,-node-ipam-controller,-nodeipam,-nodelifecycle,-horizontalpodautoscaling,-persistentvolume-binder,-attachdetach"
/** Those that run beside the embedded API server, too. */
export const EMBEDDED_CONTROLLERS = [
  "namespace-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "certificatesigningrequest-signing-controller",
  "garbage-collector-controller",
  "clusterrole-aggregation-controller",
  "validatingadmissionpolicy-status-controller",
  "resourcequota-controller",
  "serviceaccount-token-controller",
  "bootstrap-signer-controller",
  "token-cleaner-controller",
].join(",")
const READY_WITHIN_MS = 120_000

/**
 * Starts a control plane in `dir` and waits until it is ready.
 *
 * @param controllers  as kube-controller-manager's --controllers
 * @param flags  further ones of kube-apiserver
 * @throws with the end of the log when it does not come up
 */
export async function startKubernetes(
  name: string,
  dir: string,
  binaries: Binaries,
  controllers: string = CONTROLLERS,
  flags: readonly string[] = [],
): Promise<KubernetesCluster> {
  mkdirSync(dir, { recursive: true })
  const [etcdPort, etcdPeerPort, port] = await Promise.all([freePort(), freePort(), freePort()])
  const server = `https://127.0.0.1:${port}`
  const { kubeconfig, admin, ca } = writePki(name, dir, server)
  const children: ChildProcess[] = []
  const start = (program: string, label: string, args: string[]) => {
    const log = openSync(join(dir, `${label}.log`), "a")
    const child = spawn(program, args, { stdio: ["ignore", log, log], cwd: dir })
    children.push(child)
    return child
  }
  start(binaries.etcd, "etcd", [
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${etcdPeerPort}`,
    `--log-level=error`,
  ])
  let apiserver: ChildProcess
  const startApiServer = async () => {
    apiserver = start(binaries.apiserver, "kube-apiserver", [...apiserverFlags(dir, port, etcdPort, server), ...flags])
    await untilReady(server, ca, admin, join(dir, "kube-apiserver.log"))
  }
  await startApiServer()
  start(binaries.controllerManager, "kube-controller-manager", [
    `--kubeconfig=${kubeconfig}`,
    `--leader-elect=false`,
    `--cluster-signing-cert-file=${join(dir, "ca.crt")}`,
    `--cluster-signing-key-file=${join(dir, "ca.key")}`,
    `--root-ca-file=${join(dir, "ca.crt")}`,
    `--service-account-private-key-file=${join(dir, "sa.key")}`,
    `--secure-port=0`,
    `--kube-api-qps=200`,
    `--kube-api-burst=400`,
    `--controllers=${controllers}`,
  ])
  return {
    name,
    server,
    etcd: `http://127.0.0.1:${etcdPort}`,
    kubeconfig,
    startApiServer,
    stopApiServer: (signal) => end(apiserver, signal),
    async startAnother(serving, chosen) {
      const at = chosen ?? (await freePort())
      const url = `https://127.0.0.1:${at}`
      const [certFile, keyFile] = [join(dir, `server-${at}.crt`), join(dir, `server-${at}.key`)]
      writeFileSync(certFile, serving.cert)
      writeFileSync(keyFile, serving.key, { mode: 0o600 })
      const tls = [`--tls-cert-file=${certFile}`, `--tls-private-key-file=${keyFile}`]
      // Of a flag that is given twice, the last counts.
      const child = start(binaries.apiserver, `kube-apiserver-${at}`, [
        ...apiserverFlags(dir, at, etcdPort, server),
        ...flags,
        ...tls,
      ])
      await untilReady(url, serving.ca, admin, join(dir, `kube-apiserver-${at}.log`))
      return { server: url, stop: () => end(child, "SIGKILL") }
    },
    stop: async () => {
      for (const child of children.toReversed()) await end(child, "SIGKILL")
    },
  }
}

function apiserverFlags(dir: string, port: number, etcdPort: number, server: string): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--bind-address=127.0.0.1`,
    `--advertise-address=127.0.0.1`,
    `--secure-port=${port}`,
    `--tls-cert-file=${join(dir, "server.crt")}`,
    `--tls-private-key-file=${join(dir, "server.key")}`,
    `--client-ca-file=${join(dir, "ca.crt")}`,
    `--service-account-key-file=${join(dir, "sa.key")}`,
    `--service-account-signing-key-file=${join(dir, "sa.key")}`,
    `--service-account-issuer=${server}`,
    `--service-cluster-ip-range=10.96.0.0/16`,
    `--authorization-mode=RBAC`,
    `--enable-bootstrap-token-auth=true`,
    `--endpoint-reconciler-type=none`,
  ]
}

type Pair = { readonly cert: string; readonly key: string }

function writePki(name: string, dir: string, server: string): { kubeconfig: string; admin: Pair; ca: string } {
  const ca = newCertificateAuthority({ commonName: `kubernetes-${name}`, clock: realClock, random: realRandom })
  const nowMs = realClock.nowMs()
  const issue = (subject: { commonName: string; organizations: string[] }, usage: string): Pair => {
    const key = newPrivateKey(realRandom)
    const certificate = signCertificate({
      ca,
      random: realRandom,
      subject,
      publicKey: key,
      notBeforeMs: nowMs - 300_000,
      notAfterMs: nowMs + 30 * DAY_MS,
      usages: [usage],
      ...(usage === "serverAuth"
        ? { dnsNames: ["localhost", "kubernetes.default.svc"], ipAddresses: ["127.0.0.1", "10.96.0.1"] }
        : {}),
    })
    return { cert: certificatePem(certificate), key: privateKeyPem(key) }
  }
  const serving = issue({ commonName: "kube-apiserver", organizations: [] }, "serverAuth")
  const admin = issue({ commonName: "kubernetes-admin", organizations: ["system:masters"] }, "clientAuth")
  const kubeconfig = join(dir, "kubeconfig")
  const files: Record<string, string> = {
    "ca.crt": ca.certificatePem,
    "ca.key": ca.keyPem,
    "server.crt": serving.cert,
    "server.key": serving.key,
    "sa.key": privateKeyPem(newPrivateKey(realRandom)),
    kubeconfig: adminKubeconfig(name, server, ca.certificatePem, admin),
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text, { mode: 0o600 })
  return { kubeconfig, admin, ca: ca.certificatePem }
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

function adminKubeconfig(name: string, server: string, ca: string, admin: Pair): string {
  return `apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{name: ${name}, cluster: {server: "${server}", certificate-authority-data: ${base64(ca)}}}]
users: [{name: admin, user: {client-certificate-data: ${base64(admin.cert)}, client-key-data: ${base64(admin.key)}}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: admin}}]
`
}

async function untilReady(server: string, ca: string, admin: Pair, log: string): Promise<void> {
  const deadline = realClock.nowMs() + READY_WITHIN_MS
  while (realClock.nowMs() < deadline) {
    const code = await new Promise<number>((resolve) => {
      const req = request(`${server}/readyz`, { ca, cert: admin.cert, key: admin.key, agent: false }, (res) => {
        res.resume()
        resolve(res.statusCode ?? 0)
      })
      req.on("error", () => resolve(0))
      req.end()
    })
    if (code === 200) return
    await pause(100)
  }
  throw new Error(
    `Cannot start kube-apiserver: not ready after ${READY_WITHIN_MS} ms\n${readFileSync(log, "utf8").slice(-2000)}`,
  )
}

/** A wait that keeps the process alive, unlike the clock's timers. */
async function pause(ms: number): Promise<void> {
  const hold = setInterval(() => {}, 1000)
  await sleep(realClock, ms)
  clearInterval(hold)
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once("exit", () => resolve())
    child.kill(signal)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      )
    })
  })
}
