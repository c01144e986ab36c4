// Objects made from our CRDs' schemas, on an embedded server with ours: accepted, refused and filled in as kube-apiserver did
// with the published CRDs when it was recorded (test/kubernetes/crds.test.ts), and as the published ones do here, where they are.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { publishedLike } from "../support/published-crds.ts"
import { REFERENCE_DATA } from "../support/workloads.ts"
import { objectScripts, ourDefinitions, preparation, RECORDED_RUNS } from "./crds/scripts.ts"
import { differences, formatDifference } from "./difference.ts"
import { startEmbedded } from "./embedded-target.ts"
import type { Answer } from "./normal.ts"
import { withOrderedCauses } from "./random/causes.ts"
import { readRecording } from "./recordings.ts"
import { runScripts, type Recording } from "./run-script.ts"

/** Of each kind, against the published CRDs. */
const RUNS = 100

const same = (name: string, ours: readonly Answer[], theirs: readonly Answer[]) =>
  assert.equal(differences(name, ours, theirs).map(formatDifference).join("\n"), "")
const ordered = ({ answers }: Recording) => answers.map(withOrderedCauses)

describe("objects of our kinds", () => {
  let ours: Awaited<ReturnType<typeof startEmbedded>> | undefined
  before(async () => {
    ours = await startEmbedded()
    await runScripts(ours, [preparation(ourDefinitions())])
  })
  after(() => ours?.close())

  for (const script of objectScripts(RECORDED_RUNS)) {
    test(`${script.name}: as recorded`, async () => {
      const recorded = readRecording(script.name)
      const statuses = new Set(recorded.map(({ status }) => status))
      assert.ok(statuses.has(201) && statuses.has(422), `outcomes: ${[...statuses].join(", ")}`)
      const [recording] = await runScripts(ours!, [script])
      same(script.name, ordered(recording!), recorded)
    })
  }

  const skip = REFERENCE_DATA === undefined && "HAWSER_REFERENCE_DATA is not set: the published CRDs are outside data"
  test("more of them: as with the published CRDs", { skip }, async () => {
    const published = await startEmbedded()
    try {
      await runScripts(published, [preparation(publishedLike(ourDefinitions(), REFERENCE_DATA!))])
      const scripts = objectScripts(RUNS, 1)
      const [a, b] = await Promise.all([runScripts(ours!, scripts), runScripts(published, scripts)])
      for (const [i, { name }] of scripts.entries()) same(name, ordered(a[i]!), ordered(b[i]!))
    } finally {
      await published.close()
    }
  })
})
