import assert from "node:assert/strict"
import { test } from "node:test"
import type { Directory } from "./directory.ts"

/** What every Directory does. `open` returns an empty one. */
export function directoryContract(name: string, open: () => Promise<Directory>): void {
  const text = async (directory: Directory, file: string) => {
    const content = await directory.read(file)
    return content && Buffer.from(content).toString()
  }

  test(`${name}: a file that is not there`, async () => {
    const directory = await open()
    assert.equal(await directory.read("a"), undefined)
    assert.deepEqual(await directory.list(), [])
    await directory.remove("a")
  })

  test(`${name}: write, replace, list sorted, remove`, async () => {
    const directory = await open()
    await directory.write("b", "1")
    await directory.write("a", Buffer.from("2"))
    await directory.write("b", "3")
    assert.equal(await text(directory, "b"), "3")
    assert.equal(await text(directory, "a"), "2")
    assert.deepEqual(await directory.list(), ["a", "b"])
    await directory.remove("b")
    assert.deepEqual(await directory.list(), ["a"])
  })

  test(`${name}: folders are apart and stay`, async () => {
    const directory = await open()
    await directory.folder("x").write("a", "1")
    await directory.folder("y").write("a", "2")
    assert.equal(await text(directory.folder("x"), "a"), "1")
    assert.deepEqual(await directory.list(), [])
  })
}
