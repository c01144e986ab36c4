// The CRDs that Open Cluster Management publishes.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"

/** By name. @param data  the folder of outside data */
export function readPublished(data: string): ReadonlyMap<string, UnknownObject> {
  const folder = join(data, "crds")
  const documents = readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseYamlDocuments(readFileSync(join(folder, file), "utf8")) as UnknownObject[])
  return new Map(documents.map((crd) => [crd.metadata.name ?? "", crd]))
}

/** Those of the same names, with the versions of ours alone: an older one would need a webhook that converts. */
export function publishedLike(ours: readonly UnknownObject[], data: string): readonly UnknownObject[] {
  const published = readPublished(data)
  return ours.map((crd) => {
    const theirs = published.get(crd.metadata.name ?? "")
    if (theirs === undefined) throw new Error(`${crd.metadata.name} is not among the published CRDs`)
    const { conversion, ...spec } = theirs["spec"] as { versions: { name: string }[]; conversion?: unknown }
    const served = new Set((crd["spec"] as typeof spec).versions.map(({ name }) => name))
    const versions = spec.versions.filter(({ name }) => served.has(name))
    const converts = conversion === undefined || versions.length === spec.versions.length ? { conversion } : {}
    const stored = versions.length === spec.versions.length ? versions : versions.map((v) => ({ ...v, storage: true }))
    return { ...theirs, spec: { ...spec, ...converts, versions: stored } }
  })
}
