// kubectl against the embedded server and against kube-apiserver, command by command: the same output, or a named exception.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, copyFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { eventually } from "../../support/eventually.ts"
import { hawser, startHawser, type Running } from "../../support/hawser.ts"
import { buildKubernetes } from "../build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "../cluster.ts"
import { normal } from "./normal.ts"
import { findKubectls, type Kubectl } from "./programs.ts"
import { STEPS, type Step } from "./steps.ts"

const WITHIN_MS = 90_000
const kubectls = findKubectls()
const newest = kubectls.at(-1)

describe(
  "kubectl",
  { skip: newest === undefined && "no kubectl.1.N beside the kubectl on the PATH (HAWSER_TEST_KUBECTL)" },
  () => {
    const root = mkdtempSync(join(tmpdir(), "hawser-kubectl-"))
    const folders = { ours: join(root, "ours"), theirs: join(root, "theirs") }
    let real: KubernetesCluster
    let embedded: Running
    before(async () => {
      for (const folder of Object.values(folders)) mkdirSync(folder)
      real = await startKubernetes(
        "real",
        join(root, "real"),
        buildKubernetes(() => {}),
        EMBEDDED_CONTROLLERS,
      )
      embedded = startHawser(root, "apiserver", "--dir", "embedded")
      await eventually(() => assert.match(embedded.output(), /Kubeconfig/))
      copyFileSync(join(root, "embedded/kubeconfig"), join(folders.ours, "kubeconfig"))
      copyFileSync(real.kubeconfig, join(folders.theirs, "kubeconfig"))
      for (const folder of Object.values(folders)) {
        const init = await hawser(folder, "init", "--kubeconfig", "kubeconfig", "-q")
        assert.equal(init.code, 0, init.stderr)
      }
    })
    after(async () => {
      await embedded?.stop()
      await real?.stop()
      rmSync(root, { recursive: true, force: true })
    })

    const answers = async (kubectl: Kubectl, step: Step) => {
      const [ours, theirs] = await Promise.all([run(kubectl, folders.ours, step), run(kubectl, folders.theirs, step)])
      return { ours, theirs }
    }

    for (const kubectl of kubectls) {
      const steps = kubectl === newest ? STEPS : STEPS.filter((step) => step.core)
      test(`kubectl ${kubectl.version}: a watch tells of an object's life`, async () => {
        const [ours, theirs] = await Promise.all([watched(kubectl, folders.ours), watched(kubectl, folders.theirs)])
        assert.equal(ours, theirs)
      })
      for (const [index, step] of steps.entries()) {
        const name = `kubectl ${kubectl.version}, step ${index + 1}: ${step.args}`
        test(name, async () => {
          const { ours, theirs } = await answers(kubectl, step)
          if (step.differs === undefined) assert.equal(ours, theirs)
          else assert.notEqual(ours, theirs, `differs no more: ${step.differs}`)
        })
      }
    }
  },
)

const WATCHED = [
  "create configmap seen -n default --from-literal=a=b",
  "label configmap seen -n default watched=yes",
  "label configmap seen -n default watched-",
  "delete configmap seen -n default",
]

/** @returns what a watch prints of an object's life */
async function watched(kubectl: Kubectl, folder: string): Promise<string> {
  const watch = start(kubectl, folder, "get configmap -n default --watch --output-watch-events -o wide")
  let output = ""
  watch.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  // Nothing tells that a watch has begun but its first event.
  await eventually(() => assert.match(output, /kube-root-ca\.crt/))
  for (const args of WATCHED) await run(kubectl, folder, { args })
  await eventually(() => assert.match(output, /DELETED/))
  watch.kill()
  return normal(output)
}

const EDITS = "sed -i -e s/size:/length:/ -e s/numberOfClusters:.*/numberOfClusters:7/"

function start(kubectl: Kubectl, folder: string, args: string) {
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: "kubeconfig", KUBE_EDITOR: EDITS }
  return spawn(kubectl.path, args.split(" "), { cwd: folder, env, timeout: WITHIN_MS })
}

/** @returns what it wrote and its exit code, made comparable */
function run(kubectl: Kubectl, folder: string, step: Step): Promise<string> {
  const child = start(kubectl, folder, step.args)
  const texts = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()))
  child.stdin.on("error", () => undefined)
  child.stdin.end(step.stdin ?? "")
  return new Promise((done) =>
    child.on("close", (code) => {
      const lines = normal(texts.stdout)
      const stdout = step.sorted ? lines.split("\n").toSorted().join("\n") : lines
      done(`exit code ${code}\n${stdout}\n--\n${normal(texts.stderr)}`)
    }),
  )
}
