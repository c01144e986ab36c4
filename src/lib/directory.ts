import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"

/** A folder of small files, so that what keeps state can be given one in memory. */
export interface Directory {
  /** Names of the files in it, sorted. */
  list(): Promise<readonly string[]>
  /** @returns undefined when there is no such file */
  read(name: string): Promise<Uint8Array | undefined>
  /** Replaces the file whole: a reader, or a crash, sees the old content or the new, never a part. */
  write(name: string, content: Uint8Array | string): Promise<void>
  /** Idempotent. */
  remove(name: string): Promise<void>
  /** The folder inside it. Created with its first file. */
  folder(name: string): Directory
}

const TEMPORARY = ".tmp"

/** A folder on disk. Files are readable by their owner only: they hold keys. */
export function openDirectory(path: string): Directory {
  let created: Promise<unknown> | undefined
  const place = (name: string) => {
    if (name === "" || name.includes("/") || name.includes("\0") || name.startsWith(".")) {
      throw new Error(`Cannot use file name "${name}": want one without slashes that does not begin with a dot`)
    }
    return join(path, name)
  }
  return {
    async list() {
      const entries = await orUndefined(readdir(path, { withFileTypes: true }))
      const files = (entries ?? []).filter((entry) => entry.isFile() && !entry.name.endsWith(TEMPORARY))
      return files.map((entry) => entry.name).sort()
    },
    read: (name) => orUndefined(readFile(place(name))),
    async write(name, content) {
      const target = place(name)
      created ??= mkdir(path, { recursive: true, mode: 0o700 })
      await created
      const temporary = target + TEMPORARY
      const file = await open(temporary, "w", 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, target)
    },
    remove: (name) => rm(place(name), { force: true }),
    folder: (name) => openDirectory(place(name)),
  }
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

/** A folder in memory, for simulations and tests. */
export function memoryDirectory(): Directory {
  const files = new Map<string, Uint8Array>()
  const folders = new Map<string, Directory>()
  return {
    list: async () => [...files.keys()].sort(),
    read: async (name) => files.get(name),
    async write(name, content) {
      files.set(name, typeof content === "string" ? Buffer.from(content) : content)
    },
    async remove(name) {
      files.delete(name)
    },
    folder(name) {
      const folder = folders.get(name) ?? memoryDirectory()
      folders.set(name, folder)
      return folder
    },
  }
}
