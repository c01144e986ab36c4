// The small files of a server's folder that belong to its state: keys, kubeconfigs, caches of works.
import { mkdir, open, readdir, readFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"

type StateFile = { readonly name: string; readonly content: Uint8Array }

export const DATABASE_FILE = "state.db"
/** What a backup is put together in, beside the database. */
export const BACKUP_SUFFIX = ".backup.tmp"

/** What one run of a process leaves, and the database itself, which is copied in its own way. */
const isState = (name: string) =>
  !name.startsWith(DATABASE_FILE) && name !== "pid" && name !== "ready" && !/\.(log|tmp)$/.test(name)

/** @returns them with names from the folder on, `members/cluster1/pki.json` */
export async function readStateFiles(dir: string): Promise<readonly StateFile[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
  return Promise.all(names.filter(isState).map(async (name) => ({ name, content: await readFile(join(dir, name)) })))
}

/** @throws Error for a name that leads out of the folder */
export async function writeStateFiles(dir: string, files: readonly StateFile[]): Promise<void> {
  for (const { name, content } of files) {
    const parts = name.split("/")
    if (parts.some((part) => part === "" || part === "." || part === ".." || /[\\\0]/.test(part)))
      throw new Error(`the file name "${name}" leads out of the folder`)
    const path = join(dir, ...parts)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, "wx", 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}
