// Builds kube-apiserver, kube-controller-manager and etcd from the Go module proxy with the ordinary Go client, once,
// into a cache folder of the user that fresh clones share.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { basename, join } from "node:path"

export const KUBERNETES_VERSION = "v1.35.4"
export const ETCD_VERSION = "v3.6.16"

export type Binaries = { readonly apiserver: string; readonly controllerManager: string; readonly etcd: string }

/** `HAWSER_TEST_CACHE`, or `hawser/test` in the user's cache folder. */
export function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache")
  return process.env["HAWSER_TEST_CACHE"] ?? join(cache, "hawser/test")
}

/** @throws with the next step when there is no Go or a build fails */
export function buildKubernetes(say: (line: string) => void): Binaries {
  const folder = join(cacheFolder(), `kubernetes-${KUBERNETES_VERSION}-etcd-${ETCD_VERSION}`)
  mkdirSync(folder, { recursive: true })
  const binaries = {
    apiserver: join(folder, "kube-apiserver"),
    controllerManager: join(folder, "kube-controller-manager"),
    etcd: join(folder, "etcd"),
  }
  const stamp = versionStamp()
  goBuild(binaries.etcd, { module: "etcd" }, ".", "-s -w", say)
  goBuild(binaries.apiserver, { module: "apiserver" }, "k8s.io/kubernetes/cmd/kube-apiserver", stamp, say)
  goBuild(
    binaries.controllerManager,
    { module: "apiserver" },
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    stamp,
    say,
  )
  return binaries
}

/** @returns the path of a program on client-go: `build/clients`. It is small, and built anew when it changed. */
export function buildClients(say: (line: string) => void): string {
  const folder = join(import.meta.dirname, "build/clients")
  const hash = createHash("sha256")
  for (const file of readdirSync(folder).toSorted()) hash.update(file).update(readFileSync(join(folder, file)))
  const out = join(cacheFolder(), `clients-${hash.digest("hex").slice(0, 16)}`)
  mkdirSync(cacheFolder(), { recursive: true })
  goBuild(out, { module: "clients" }, ".", "-s -w", say)
  return out
}

/** The program of Kubernetes' own tests. @throws as above */
export function buildConformance(say: (line: string) => void): string {
  const folder = join(cacheFolder(), `conformance-${KUBERNETES_VERSION}`)
  mkdirSync(folder, { recursive: true })
  const out = join(folder, "e2e.test")
  goBuild(out, { module: "../../conformance/build", test: true }, ".", versionStamp(), say)
  return out
}

/** What the programs say of themselves. */
function versionStamp(): string {
  const version = "k8s.io/component-base/version"
  const [major, minor] = KUBERNETES_VERSION.slice(1).split(".")
  return `-s -w -X ${version}.gitVersion=${KUBERNETES_VERSION} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`
}

type Source = { readonly module: string; readonly test?: boolean }

function goBuild(out: string, source: Source, what: string, ldflags: string, say: (line: string) => void): void {
  if (existsSync(out)) return
  if (spawnSync("go", ["version"]).error !== undefined) {
    throw new Error("Cannot build Kubernetes: no Go on this machine. Install Go 1.25 or later and try again")
  }
  say(`building ${basename(out)} (may take minutes the first time, kept in ${cacheFolder()})`)
  // Built under another name first, so that an interrupted build is never taken for a finished one.
  const half = `${out}.building-${process.pid}`
  const verb = source.test ? ["test", "-c", "-vet=off"] : ["build"]
  const build = spawnSync("go", [...verb, "-trimpath", "-ldflags", ldflags, "-o", half, what], {
    cwd: join(import.meta.dirname, "build", source.module),
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" },
    stdio: ["ignore", "inherit", "inherit"],
  })
  if (build.status !== 0) {
    rmSync(half, { force: true })
    throw new Error(`Cannot build ${basename(out)}: go build ended with ${build.status ?? build.signal}`)
  }
  renameSync(half, out)
}
