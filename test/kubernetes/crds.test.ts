// Objects made from our CRDs' schemas, on kube-apiserver with the published CRDs where they are at hand, with ours otherwise: it
// answers as it was recorded, and as an embedded server with ours. HAWSER_TEST_RECORD=1 records anew.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { loadKubeconfig } from "#kube/kubeconfig.ts"
import { objectScripts, ourDefinitions, preparation, RECORDED_RUNS } from "../differential/crds/scripts.ts"
import { differences, formatDifference } from "../differential/difference.ts"
import { startEmbedded } from "../differential/embedded-target.ts"
import type { Answer } from "../differential/normal.ts"
import { withOrderedCauses } from "../differential/random/causes.ts"
import { readRecording, writeRecording } from "../differential/recordings.ts"
import { runScripts } from "../differential/run-script.ts"
import type { Script } from "../differential/script.ts"
import type { Target } from "../differential/send.ts"
import { publishedLike } from "../support/published-crds.ts"
import { REFERENCE_DATA } from "../support/workloads.ts"
import { buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

/** Of each kind, side by side. */
const RUNS = 150

describe(`objects of our kinds, with the ${REFERENCE_DATA === undefined ? "same" : "published"} CRDs there`, () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-crds-"))
  let kubernetes: KubernetesCluster | undefined
  let real: Target
  before(async () => {
    kubernetes = await startKubernetes(
      "real",
      join(root, "real"),
      buildKubernetes(() => {}),
      EMBEDDED_CONTROLLERS,
    )
    const { server, ca, cert, key } = await loadKubeconfig(kubernetes.kubeconfig, (path) => readFile(path, "utf8"))
    real = { server, ca: ca ?? "", cert: cert ?? "", key: key ?? "" }
    const ours = ourDefinitions()
    await runScripts(real, [preparation(REFERENCE_DATA === undefined ? ours : publishedLike(ours, REFERENCE_DATA))])
  })
  after(async () => {
    await kubernetes?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  const answersOf = async (target: Target, script: Script): Promise<readonly Answer[]> =>
    (await runScripts(target, [script]))[0]!.answers.map(withOrderedCauses)
  const same = (name: string, ours: readonly Answer[], theirs: readonly Answer[]) =>
    assert.equal(differences(name, ours, theirs).map(formatDifference).join("\n"), "")

  test("kube-apiserver answers as it was recorded", async () => {
    for (const script of objectScripts(RECORDED_RUNS)) {
      const answers = await answersOf(real, script)
      if (process.env["HAWSER_TEST_RECORD"] === "1") writeRecording(script.name, answers)
      else same(script.name, answers, readRecording(script.name))
    }
  })

  test("the embedded server with our CRDs answers alike", async () => {
    const embedded = await startEmbedded()
    try {
      await runScripts(embedded, [preparation(ourDefinitions())])
      for (const script of objectScripts(RUNS, Number(process.env["HAWSER_TEST_SEED"] ?? 2))) {
        const [ours, theirs] = await Promise.all([answersOf(embedded, script), answersOf(real, script)])
        same(script.name, ours, theirs)
      }
    } finally {
      await embedded.close()
    }
  })
})
