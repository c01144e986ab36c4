// A program on client-go against the embedded server and against kube-apiserver: it sees the same.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { eventually } from "../support/eventually.ts"
import { startHawser, type Running } from "../support/hawser.ts"
import { buildClients, buildKubernetes } from "./build.ts"
import { EMBEDDED_CONTROLLERS, startKubernetes, type KubernetesCluster } from "./cluster.ts"

const PARTS = [
  "typed",
  "errors",
  "apply",
  "paging",
  "informers",
  "informers in protobuf",
  "dynamic",
  "election",
  "identities",
  "events",
  "retry watch",
  "end",
]
const WITHIN_MS = 240_000

describe("client-go", () => {
  const root = mkdtempSync(join(tmpdir(), "hawser-clients-"))
  let real: KubernetesCluster | undefined
  let embedded: Running | undefined
  let ours: ReadonlyMap<string, string>
  let theirs: ReadonlyMap<string, string>
  before(async () => {
    const program = buildClients(() => {})
    const binaries = buildKubernetes(() => {})
    embedded = startHawser(root, "apiserver", "--dir", "embedded")
    real = await startKubernetes("real", join(root, "real"), binaries, EMBEDDED_CONTROLLERS)
    await eventually(() => assert.match(embedded!.output(), /Kubeconfig/))
    ;[ours, theirs] = await Promise.all([
      run(program, join(root, "embedded/kubeconfig")),
      run(program, real.kubeconfig),
    ])
  })
  after(async () => {
    await embedded?.stop()
    await real?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  test("all parts ran", () => {
    assert.deepEqual([...theirs.keys()], PARTS)
    assert.deepEqual([...ours.keys()], PARTS)
  })
  for (const part of PARTS) {
    test(part, () => {
      assert.equal(ours.get(part), theirs.get(part))
      assert.doesNotMatch(ours.get(part) ?? "failed: no such part", /^failed: /m)
    })
  }
})

/** @returns what the program prints, by its parts */
async function run(program: string, kubeconfig: string): Promise<ReadonlyMap<string, string>> {
  const child = spawn(program, ["-kubeconfig", kubeconfig], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: WITHIN_MS,
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise((done) => child.on("close", done))
  assert.equal(code, 0, output)
  const parts = output.split(/^# /m).slice(1)
  return new Map(
    parts.map((part) => {
      const at = part.indexOf("\n")
      return [part.slice(0, at), part.slice(at + 1)] as const
    }),
  )
}
