/**
 * Records what a real API server makes of the objects in src/apiserver/builtin/testdata, so that tests can compare without
 * one: the stored form of good objects, and the causes with which bad ones are refused. Objects are created for good
 * in the server given; use one that may be thrown away.
 *
 *     node tools/record-builtin/run.ts https://127.0.0.1:6443 TOKEN
 */
import { readFileSync, writeFileSync } from "node:fs"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { pathOf, parseApiVersion } from "#apimachinery/gvk.ts"
import { mergePatch } from "#apimachinery/patch/merge-patch.ts"
import { keepAwake, realClock, sleep } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"

/** How long upstream's controllers may take to establish a definition. */
const ESTABLISHED_AFTER_MS = 500

type Answer = { readonly code: number; readonly body: UnknownObject }
type Cause = { readonly field?: string; readonly message: string }

const [server, token] = process.argv.slice(2)
if (server === undefined || token === undefined) throw new Error("Cannot record: want SERVER TOKEN")
// Between requests only a clock's timer is left, which does not hold the process.
const release = keepAwake()
const folder = new URL("../../src/apiserver/builtin/testdata/", import.meta.url)
const infos = builtinResources({ random: realRandom })

async function send(method: string, path: string, object?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const response = await fetch(server + path, { method, headers, ...(object && { body: JSON.stringify(object) }) })
  return { code: response.status, body: (await response.json()) as UnknownObject }
}

function collectionOf(object: UnknownObject): string {
  const { group, version } = parseApiVersion(object.apiVersion)
  const info = infos.find((i) => i.group === group && i.version === version && i.kind === object.kind)
  if (info === undefined) throw new Error(`Cannot record ${object.kind}: not served`)
  return pathOf(info as never, { namespace: object.metadata.namespace })
}

function causesOf({ code, body }: Answer): string[] {
  if (code < 300) return []
  const causes = ((body["details"] as { causes?: Cause[] } | undefined)?.causes ?? []).map(
    (c) => `${c.field}: ${c.message}`,
  )
  return code === 422 ? causes : [`${code} ${String(body["message"])}`]
}

async function rewrite<T>(name: string, record: (entry: T) => Promise<T>): Promise<void> {
  const file = new URL(name, folder)
  const entries: T[] = []
  for (const entry of JSON.parse(readFileSync(file, "utf8")) as T[]) entries.push(await record(entry))
  writeFileSync(file, JSON.stringify(entries, undefined, 1) + "\n")
}

await rewrite<{ object: UnknownObject; stored: UnknownObject }>("stored-objects.json", async ({ object }) => {
  const path = collectionOf(object)
  await send("POST", path, object)
  const { body } = await send("GET", `${path}/${object.metadata.name}`)
  delete body.metadata.managedFields
  return { object, stored: body }
})

await rewrite<{ what: string; object: UnknownObject; causes: string[] }>("refusals.json", async ({ what, object }) => ({
  what,
  object,
  causes: causesOf(await send("POST", `${collectionOf(object)}?dryRun=All`, object)),
}))

type Update = { what: string; object: UnknownObject; change: object; before: UnknownObject; causes: string[] }

await rewrite<Update>("updates.json", async ({ what, object, change }) => {
  const path = collectionOf(object)
  await send("POST", path, object)
  if (object.kind === "CustomResourceDefinition") await sleep(realClock, ESTABLISHED_AFTER_MS)
  const { body: before } = await send("GET", `${path}/${object.metadata.name}`)
  const after = mergePatch(before, change)
  const causes = causesOf(await send("PUT", `${path}/${object.metadata.name}?dryRun=All`, after as object))
  delete before.metadata.managedFields
  return { what, object, change, before, causes }
})
release()
