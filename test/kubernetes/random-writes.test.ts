// Random sequences of writes, sent to the embedded server and to kube-apiserver side by side: both answer alike.
// Every run tries the same ones. HAWSER_TEST_RANDOM_SECONDS tries as many as there is time for, HAWSER_TEST_SEED others.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import fc from "fast-check"
import { loadKubeconfig } from "#kube/kubeconfig.ts"
import { differences, formatDifference } from "../differential/difference.ts"
import { startEmbedded } from "../differential/embedded-target.ts"
import type { Answer } from "../differential/normal.ts"
import { withOrderedCauses } from "../differential/random/causes.ts"
import { acceptedAtRandom } from "../differential/random/accepted.ts"
import { KINDS } from "../differential/random/kinds.ts"
import { PREPARATION, scriptOf, sequenceOf } from "../differential/random/writes.ts"
import { runScripts } from "../differential/run-script.ts"
import type { Step } from "../differential/script.ts"
import type { Target } from "../differential/send.ts"
import { buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

const SECONDS = process.env["HAWSER_TEST_RANDOM_SECONDS"]
/** Of each kind, when nobody says how long. */
const RUNS = 400
const SEED = Number(process.env["HAWSER_TEST_SEED"] ?? 20_261_123)
const INFINITY = 1_000_000

const sequences = (unfit: boolean) => fc.oneof(...KINDS.map((kind) => sequenceOf(kind, unfit)))

describe(`random writes are answered alike (HAWSER_TEST_SEED=${SEED})`, () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-random-"))
  let kubernetes: KubernetesCluster | undefined
  let embedded: Awaited<ReturnType<typeof startEmbedded>> | undefined
  let real: Target
  let objects = 0
  before(async () => {
    kubernetes = await startKubernetes(
      "real",
      join(root, "real"),
      buildKubernetes(() => {}),
      EMBEDDED_CONTROLLERS,
    )
    const { server, ca, cert, key } = await loadKubeconfig(kubernetes.kubeconfig, (path) => readFile(path, "utf8"))
    real = { server, ca: ca ?? "", cert: cert ?? "", key: key ?? "" }
    embedded = await startEmbedded()
    await Promise.all([runScripts(embedded, [PREPARATION]), runScripts(real, [PREPARATION])])
  })
  after(async () => {
    await embedded?.close()
    await kubernetes?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  /** Every sequence is about an object of its own: nothing has to be cleaned up. */
  async function answersTo(steps: readonly Step[]): Promise<{ ours: readonly Answer[]; theirs: readonly Answer[] }> {
    const script = scriptOf(`object-${objects++}`, steps)
    const [ours, theirs] = await Promise.all([runScripts(embedded!, [script]), runScripts(real, [script])])
    return { ours: ours[0]!.answers, theirs: theirs[0]!.answers }
  }

  async function holds(unfit: boolean, told: (answer: Answer) => Answer): Promise<void> {
    const property = fc.asyncProperty(sequences(unfit), async (steps) => {
      const { ours, theirs } = await answersTo(steps)
      const found = differences("random", ours.map(told), theirs.map(told))
      const refused = found.filter((difference) => !acceptedAtRandom(difference))
      assert.equal(refused.map(formatDifference).join("\n"), "")
    })
    await fc.assert(property, {
      seed: SEED,
      includeErrorInReport: true,
      ...(SECONDS === undefined
        ? { numRuns: RUNS }
        : {
            numRuns: INFINITY,
            interruptAfterTimeLimit: (Number(SECONDS) * 1000) / 2,
            markInterruptAsFailure: false,
          }),
    })
  }

  test("values that fit: in everything", () => holds(false, withOrderedCauses))

  test("values of any type: both take them or both refuse them", () => holds(true, outcomeOf))
})

/** Which refusal comes first is not told; a fault is one. */
function outcomeOf({ request, status, body }: Answer): Answer {
  const isFault = String((body as { message?: unknown } | undefined)?.message).startsWith("Internal error occurred: ")
  if (status === undefined) return { request }
  return { request, status: status < 400 || isFault ? status : 400 }
}
