// Workloads that the tests deliver: a sample of our own always, and the reference data where it is at hand.
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"

export type Workload = { readonly name: string; readonly manifests: readonly UnknownObject[] }

/** The folder that `.ci/run` names, or undefined: checks that need it say so. */
export const REFERENCE_DATA: string | undefined = process.env["HAWSER_REFERENCE_DATA"]

/** Every workload; those of the reference data only where it is. Objects without a namespace get `namespace`. */
export function workloads(): readonly Workload[] {
  const own = {
    name: "shop",
    manifests: inNamespace(parse(readFileSync(join(import.meta.dirname, "shop.yaml"), "utf8")), "shop"),
  }
  if (REFERENCE_DATA === undefined) return [own]
  const folder = join(REFERENCE_DATA, "workloads")
  return [
    own,
    ...readdirSync(folder)
      .filter((name) => statSync(join(folder, name)).isDirectory())
      .toSorted()
      .map((name) => ({ name, manifests: inNamespace(readFolder(join(folder, name)), name) })),
  ]
}

function readFolder(folder: string): UnknownObject[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .toSorted()
    .flatMap((file) => parse(readFileSync(join(folder, file), "utf8")))
}

const parse = (text: string) => parseYamlDocuments(text) as UnknownObject[]

function inNamespace(objects: readonly UnknownObject[], namespace: string): UnknownObject[] {
  const placed = objects.map((o) => ({
    ...o,
    metadata: { ...o.metadata, namespace: o.metadata.namespace ?? namespace },
  }))
  return [{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, ...placed]
}
