import type { Directory } from "#lib/directory.ts"
import type { ManifestWork } from "#api/work/v1.ts"

/**
 * The works as last applied, kept on the member's side: an agent that starts while the hub is away corrects drift
 * from them, and knows which fields the last applied manifests said.
 */
export interface WorkCache {
  load(): Promise<readonly ManifestWork[]>
  put(work: ManifestWork): Promise<void>
  /** Idempotent. */
  remove(name: string): Promise<void>
}

/** Ends with the process. Holds the very objects that it was given. */
export function memoryWorkCache(): WorkCache {
  const works = new Map<string, ManifestWork>()
  return {
    load: async () => [...works.values()],
    async put(work) {
      works.set(work.metadata.name!, work)
    },
    async remove(name) {
      works.delete(name)
    },
  }
}

const SUFFIX = ".json"

/** One file per work. A file that cannot be read is left out: the hub still has its work. */
export function directoryWorkCache(directory: Directory): WorkCache {
  const fileOf = (name: string) => `${name}${SUFFIX}`
  return {
    async load() {
      const names = (await directory.list()).filter((name) => name.endsWith(SUFFIX))
      const works = await Promise.all(names.map(async (name) => parseWork(await directory.read(name))))
      return works.filter((work) => work !== undefined)
    },
    put: (work) => directory.write(fileOf(work.metadata.name!), JSON.stringify(withoutManagedFields(work))),
    remove: (name) => directory.remove(fileOf(name)),
  }
}

function parseWork(content: Uint8Array | undefined): ManifestWork | undefined {
  if (content === undefined) return undefined
  try {
    const work = JSON.parse(Buffer.from(content).toString()) as ManifestWork
    return typeof work.metadata?.name === "string" && work.spec !== undefined ? work : undefined
  } catch {
    return undefined
  }
}

function withoutManagedFields(work: ManifestWork): ManifestWork {
  const { managedFields: _, ...metadata } = work.metadata
  return { ...work, metadata }
}
