import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

type Field = [name: string, code: string, struct: string, value?: unknown]
/** `[name, code, struct]` of each field by schema name: see shapes/main.go; with the default of fields that have one. */
export type Shapes = { [schema: string]: Field[] }

type Schemas = ReadonlyMap<string, { readonly [name: string]: { readonly [key: string]: unknown } }>

/**
 * How Go's JSON encoder treats the fields of each type. Only reflection on the types themselves tells, so a small Go
 * program is run. @throws Error when its go.mod is of another release
 */
export function readShapes(stagingVersion: string, schemas: Schemas): Shapes {
  const folder = fileURLToPath(new URL("shapes/", import.meta.url))
  if (!readFileSync(`${folder}go.mod`, "utf8").includes(`k8s.io/api ${stagingVersion}`)) {
    throw new Error(
      `Cannot read shapes: tools/generate-builtin/shapes/go.mod is of another release, want k8s.io modules at ${stagingVersion} ` +
        `(go get k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator}@${stagingVersion})`,
    )
  }
  const shapes = JSON.parse(
    execFileSync("go", ["run", "."], { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }),
  ) as Shapes
  for (const [name, fields] of Object.entries(shapes)) {
    const schema = schemas.get(name.slice(0, name.lastIndexOf(".")))?.[name]
    const properties = schema?.properties as { [name: string]: { default?: unknown } } | undefined
    for (const field of fields) addDefault(field, properties?.[field[0]]?.default)
  }
  return shapes
}

/**
 * Schemas give a default to everything that isn't a pointer, which only says what an empty one looks like. Those of
 * pointers, and those that are not empty, are defaults that somebody has declared.
 */
function addDefault(field: Field, value: unknown): void {
  if (value === undefined || value === null || typeof value === "object") return
  const isEmpty = value === "" || value === 0 || value === false
  if (!isEmpty || (field[1] === "p" && field[2] === "")) field[3] = value
}
