import { readdirSync, realpathSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"

export type Kubectl = { readonly version: string; readonly path: string }

/**
 * The versions of kubectl on this machine: `kubectl.1.30` beside the kubectl on the PATH, or the files that
 * `HAWSER_TEST_KUBECTL` names (separated as PATH is). Newest last.
 */
export function findKubectls(env: NodeJS.ProcessEnv = process.env): readonly Kubectl[] {
  const named = env["HAWSER_TEST_KUBECTL"]
  const files = named === undefined ? besidePath(env["PATH"] ?? "") : named.split(delimiter)
  const byVersion = new Map<string, Kubectl>()
  for (const path of files) {
    const version = /kubectl[.-]v?(1\.\d+)/.exec(path)?.[1]
    if (version !== undefined) byVersion.set(version, { version, path })
  }
  return [...byVersion.values()].toSorted((a, b) => Number(a.version.slice(2)) - Number(b.version.slice(2)))
}

function besidePath(path: string): string[] {
  const folders = new Set(path.split(delimiter).filter((folder) => folder !== ""))
  for (const folder of folders) {
    try {
      folders.add(dirname(realpathSync(join(folder, "kubectl"))))
    } catch {
      // No kubectl in this folder.
    }
  }
  return [...folders].flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => /^kubectl\.1\.\d+$/.test(name))
        .map((name) => join(folder, name))
    } catch {
      return []
    }
  })
}
