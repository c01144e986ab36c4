import assert from "node:assert/strict"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { directoryContract } from "./directory.contract.ts"
import { memoryDirectory, openDirectory } from "./directory.ts"

const made: string[] = []
const newFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), "hawser-directory-"))
  made.push(path)
  return path
}
after(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))))

directoryContract("memoryDirectory", async () => memoryDirectory())
directoryContract("openDirectory", async () => openDirectory(join(await newFolder(), "deep", "er")))

test("openDirectory: only the owner may read", async () => {
  const path = await newFolder()
  await openDirectory(path).folder("keys").write("tls.key", "secret")
  assert.equal((await stat(join(path, "keys", "tls.key"))).mode & 0o777, 0o600)
})

for (const name of ["", "..", ".hidden", "a/b", "a\0b"]) {
  test(`openDirectory: file name ${JSON.stringify(name)} is refused`, async () => {
    const directory = openDirectory(await newFolder())
    await assert.rejects(async () => directory.write(name, "x"), /Cannot use file name/)
  })
}
