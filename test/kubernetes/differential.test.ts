// The same requests to a fresh kube-apiserver: it answers as it was recorded. HAWSER_TEST_RECORD=1 records anew instead.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { loadKubeconfig } from "#kube/kubeconfig.ts"
import { differences, formatDifference } from "../differential/difference.ts"
import { readRecording, writeRecording } from "../differential/recordings.ts"
import { runScripts, type Recording } from "../differential/run-script.ts"
import { SCRIPTS } from "../differential/scripts/index.ts"
import { buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

describe("kube-apiserver answers as it was recorded", () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-differential-"))
  let real: KubernetesCluster | undefined
  let theirs: ReadonlyMap<string, Recording>
  before(async () => {
    const binaries = buildKubernetes(() => {})
    real = await startKubernetes("real", join(root, "real"), binaries, EMBEDDED_CONTROLLERS)
    const { server, ca, cert, key } = await loadKubeconfig(real.kubeconfig, (path) => readFile(path, "utf8"))
    const target = { server, ca: ca ?? "", cert: cert ?? "", key: key ?? "" }
    theirs = new Map((await runScripts(target, SCRIPTS)).map((recording) => [recording.name, recording]))
    if (process.env["HAWSER_TEST_RECORD"] !== "1") return
    for (const { name, answers } of theirs.values()) writeRecording(name, answers)
  })
  after(async () => {
    await real?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  for (const { name } of SCRIPTS) {
    test(name, () => {
      const found = differences(name, theirs.get(name)?.answers ?? [], readRecording(name))
      assert.equal(found.map(formatDifference).join("\n"), "")
    })
  }
})
