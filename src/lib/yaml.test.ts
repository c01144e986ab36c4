import assert from "node:assert/strict"
import { test } from "node:test"
import { formatYaml, parseLenientYaml, parseYamlDocuments } from "./yaml.ts"

test("parseYamlDocuments: empty documents are left out", () => {
  assert.deepEqual(parseYamlDocuments("---\na: 1\n---\n# nothing\n---\nb: [x]\n"), [{ a: 1 }, { b: ["x"] }])
})

test("parseYamlDocuments: JSON is YAML", () => {
  assert.deepEqual(parseYamlDocuments(`{"a": {"b": null}}`), [{ a: { b: null } }])
})

test("parseYamlDocuments: a syntax error names its line", () => {
  assert.throws(() => parseYamlDocuments("a: 1\nb: [\n"), /Cannot read YAML in line \d/)
})

test("formatYaml: what is written reads back the same", () => {
  const value = { on: "yes", n: "1e3", text: "a\nb\n", none: null, list: [{ x: 1 }, []], long: "y".repeat(300) }
  assert.deepEqual(parseYamlDocuments(formatYaml(value)), [value])
})

for (const { text, value, duplicate } of [
  { text: "a: 1\nb:\n  c: 1\n  c: 2\n", value: { a: 1, b: { c: 2 } }, duplicate: { key: "c", line: 4 } },
  { text: '{"a":1,"a":2}', value: { a: 2 }, duplicate: { key: "a", line: 1 } },
]) {
  test(`parseLenientYaml: the later of two equal keys counts, ${text.slice(0, 2)}`, () => {
    assert.deepEqual(parseLenientYaml(text), { value, duplicate })
  })
}

test("parseLenientYaml: what is no YAML stays so", () => {
  assert.deepEqual(parseLenientYaml("a: 1\n"), { value: { a: 1 } })
  assert.throws(() => parseLenientYaml("a: 1\nb: [\n"), /Cannot read YAML in line \d/)
})

test("parseYamlDocuments: what an alias names is a value of its own", () => {
  const [{ a, b }] = parseYamlDocuments("a: &x {n: [1]}\nb: *x\n") as [Record<"a" | "b", { n: number[] }>]
  a.n.push(2)
  assert.deepEqual(b, { n: [1] })
})

test("parseYamlDocuments: a few lines of aliases do not become gigabytes", () => {
  const levels = Array.from("bcdefghij", (name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[i]}`)}]`)
  const error = { message: "Cannot read YAML: document contains excessive aliasing" }
  assert.throws(() => parseYamlDocuments(`a: &a [x,x,x,x,x,x,x,x,x]\n${levels.join("\n")}\n`), error)
  assert.throws(() => parseYamlDocuments("&a [*a]"), error)
})
