import { readFileSync } from "node:fs"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"

const recorded = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../../src/apiserver/builtin/testdata/${name}.json`, import.meta.url), "utf8"),
  ) as { readonly object: UnknownObject }[]

const byKind = new Map<string, UnknownObject[]>()
const gadget = { apiVersion: "example.com/v1", kind: "Gadget", metadata: {}, spec: { size: 4, color: "aaa", port: 80, tags: ["a"], parts: [{ name: "p", count: 1 }, { name: "p", side: "right" }], template: { apiVersion: "v1", kind: "Pod", metadata: { name: "x" } }, anything: { a: [1] } } } // prettier-ignore
for (const { object } of [...recorded("stored-objects"), ...recorded("refusals"), { object: gadget }]) {
  const key = `${object.apiVersion} ${object.kind}`
  byKind.set(key, [...(byKind.get(key) ?? []), object])
}

/** Objects of a kind that an API server took, or refused for one reason. */
export const goodObjects = (info: ResourceInfo): readonly UnknownObject[] =>
  byKind.get(`${apiVersionOf(info)} ${info.kind}`) ?? []
