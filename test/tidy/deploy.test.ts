import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { deployFiles } from "../../tools/deploy-files.ts"

const FOLDER = join(import.meta.dirname, "../../deploy")

test("deploy/ is what the code says (npm run generate:deploy)", () => {
  const files = deployFiles()
  for (const [name, text] of files) assert.equal(readFileSync(join(FOLDER, name), "utf8"), text, name)
  const crds = readdirSync(join(FOLDER, "crds")).map((name) => `crds/${name}`)
  assert.deepEqual(
    crds.filter((name) => !files.has(name)),
    [],
  )
})
