import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import fc from "fast-check"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { builtinResources } from "#apiserver/builtin/resources.ts"
import { seededRandom } from "#lib/random.ts"
import { decodeProtobufObject } from "./decode.ts"
import { encodeProtobufEvent, encodeProtobufList, encodeProtobufObject, hasProtobufForm } from "./encode.ts"

/** Answers of kube-apiserver 1.35 to the same request in JSON and in protobuf, one object a line. */
type Recorded = {
  readonly path: string
  readonly json?: UnknownObject & { readonly items?: readonly UnknownObject[] }
  readonly events?: readonly { readonly type: string; readonly object: UnknownObject }[]
  readonly protobuf: string
}

const recorded = readFileSync(new URL("./testdata/answers.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded)

for (const { path, json, events, protobuf } of recorded) {
  test(`the bytes of kube-apiserver: ${path}`, () => {
    const bytes =
      events !== undefined
        ? Buffer.concat(events.map(({ type, object }) => encodeProtobufEvent(type, object)))
        : json!.items !== undefined
          ? listOf(json as UnknownObject & { readonly items: readonly UnknownObject[] })
          : encodeProtobufObject(json!)
    assert.equal(Buffer.from(bytes).toString("base64"), protobuf)
  })
}

function listOf(list: UnknownObject & { readonly items: readonly UnknownObject[] }): Uint8Array {
  const { apiVersion, kind, metadata, items } = list
  const item = { apiVersion, kind: kind.replace(/List$/, "") }
  return encodeProtobufList({ apiVersion, kind, metadata }, item, {
    length: items.length,
    at: (index) => items[index]!,
    bytes: 0,
  })
}

test("every built-in kind and its list has a protobuf form", () => {
  const infos = builtinResources({ random: seededRandom(1), reader: () => ({}) as never })
  const without = infos.filter(({ group, version, kind, listKind, verbs }) => {
    const apiVersion = group === "" ? version : `${group}/${version}`
    return !hasProtobufForm(apiVersion, kind) || (verbs.includes("list") && !hasProtobufForm(apiVersion, listKind))
  })
  assert.deepEqual(without, [])
})

test("a custom kind has none", () => {
  assert.throws(() => encodeProtobufObject({ apiVersion: "example.com/v1", kind: "Widget" }), /no kind "Widget"/)
})

test("what was encoded decodes to the same", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 }).map((s) => s.toWellFormed())
  const integer = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }))
  const configMap = fc.record({ data: fc.dictionary(text, text, { minKeys: 1 }), generation: integer })
  fc.assert(
    fc.property(configMap, ({ data, generation }) => {
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", generation }, data }
      const decoded = decodeProtobufObject(encodeProtobufObject(object))
      assert.deepEqual(Object.entries(decoded["data"]!).sort(), Object.entries(data).sort())
      assert.equal(decoded.metadata.generation ?? 0, generation)
    }),
    { numRuns: 200 },
  )
})

test("whatever a stored object holds instead of what its kind wants, it is encoded", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const spec = { containers: [value], volumes: value, replicas: value, selector: value, template: { spec: value } }
      const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { labels: value, name: value }, spec }
      assert.ok(decodeProtobufObject(encodeProtobufObject(object as never)))
    }),
    { numRuns: 200 },
  )
})
