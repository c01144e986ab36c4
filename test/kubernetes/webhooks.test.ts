// Webhooks and what calls them, played on kube-apiserver: what `test/integration/webhooks.test.ts` holds the embedded server to.
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { recorded, SCENES, writeRecorded } from "../webhooks/recorded.ts"
import { startReviewServer, type Json, type ReviewServer } from "../webhooks/review-server.ts"
import { play } from "../webhooks/scene.ts"
import { serverAt, type ServerUnderTest } from "../webhooks/server-under-test.ts"
import { buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

const records = process.env["HAWSER_TEST_RECORD"] === "1"
const only = process.env["HAWSER_SCENE"]

describe("webhooks on kube-apiserver", () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-webhooks-"))
  const seen: Record<string, Json> = {}
  let cluster: KubernetesCluster | undefined
  let server: ServerUnderTest
  let hooks: ReviewServer
  before(async () => {
    cluster = await startKubernetes(
      "webhooks",
      root,
      buildKubernetes(() => {}),
      EMBEDDED_CONTROLLERS,
    )
    server = await serverAt(readFileSync(cluster.kubeconfig, "utf8"), false)
    hooks = await startReviewServer()
  })
  after(async () => {
    if (records) writeRecorded({ ...(only ? recorded() : {}), ...seen })
    await hooks?.close()
    await cluster?.stop()
    rmSync(root, { recursive: true, force: true })
  })
  for (const scene of SCENES.filter(({ name }) => only === undefined || only.split(",").includes(name))) {
    test(scene.name, async () => {
      seen[scene.name] = await play(scene, server, hooks)
      if (!records) assert.deepEqual(seen[scene.name], recorded()[scene.name])
    })
  }
})
