// The embedded server against what kube-apiserver answered when it was recorded: `npm run test:kubernetes` records afresh.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { ACCEPTED, acceptedBy } from "./accepted.ts"
import { differences, formatDifference, type Difference } from "./difference.ts"
import { startEmbedded } from "./embedded-target.ts"
import { readRecording } from "./recordings.ts"
import { runScripts, type Recording } from "./run-script.ts"
import { SCRIPTS } from "./scripts/index.ts"

describe("the embedded server answers as kube-apiserver was recorded", () => {
  let ours: ReadonlyMap<string, Recording>
  const all: Difference[] = []
  let embedded: Awaited<ReturnType<typeof startEmbedded>> | undefined
  before(async () => {
    embedded = await startEmbedded()
    ours = new Map((await runScripts(embedded, SCRIPTS)).map((recording) => [recording.name, recording]))
  })
  after(() => embedded?.close())

  for (const { name } of SCRIPTS) {
    test(name, () => {
      const found = differences(name, ours.get(name)?.answers ?? [], readRecording(name))
      all.push(...found)
      const refused = found.filter((difference) => acceptedBy(difference) === undefined)
      assert.equal(refused.map(formatDifference).join("\n"), "")
    })
  }

  test("what is accepted is still there", () => {
    const idle = ACCEPTED.filter((accepted) => !all.some((difference) => acceptedBy(difference) === accepted))
    assert.deepEqual(
      idle.map(({ where }) => where),
      [],
    )
  })
})
