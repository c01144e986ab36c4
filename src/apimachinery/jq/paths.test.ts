import assert from "node:assert/strict"
import { test } from "node:test"
import { JqError } from "./parse.ts"
import { jqPaths } from "./paths.ts"

const containers = [
  { name: "app", image: "a:1", ports: [80, 443] },
  { name: "istio-proxy", image: "istio/proxyv2:1.20" },
]
const ROOT = {
  metadata: { annotations: { "a.b/c": "1", other: "2" } },
  spec: { replicas: 2, paused: false, template: { spec: { containers } } },
}
const LIST = ".spec.template.spec.containers"
const at = (...path: (string | number)[]) => ["spec", "template", "spec", "containers", ...path].join("/")

for (const [expression, ...want] of [
  [".", ""],
  [".spec.replicas", "spec/replicas"],
  [' .spec | .["replicas"] ', "spec/replicas"],
  ['.metadata.annotations["a.b/c"]', "metadata/annotations/a.b/c"],
  ['.metadata.annotations."a.b/c"', "metadata/annotations/a.b/c"],
  [".spec.replicas, .spec.paused", "spec/replicas", "spec/paused"],
  [".none.of.this", "none/of/this"],
  [`${LIST}[0].image`, at(0, "image")],
  [`${LIST}[-1].image`, at(1, "image")],
  [`${LIST}[].image`, at(0, "image"), at(1, "image")],
  [`${LIST}.[].name`, at(0, "name"), at(1, "name")],
  [`${LIST}[] | select(.name == "istio-proxy")`, at(1)],
  [`${LIST}[] | select(.name != "app" and (.image | startswith("istio/"))) | .image`, at(1, "image")],
  [`${LIST}[] | select(.image | test("^a:\\\\d"))`, at(0)],
  [`${LIST}[] | select(has("ports") | not)`, at(1)],
  [`${LIST}[] | select(.ports // .none)`, at(0)],
  [`${LIST}[] | select(.ports != null and (.ports | any(. > 100))) | .ports[0]`, at(0, "ports", 0)],
  [`${LIST}[] | select((.ports | length) == 0)`, at(1)],
  [`${LIST}[].ports[]?`, at(0, "ports", 0), at(0, "ports", 1)],
  [`.. | select(type == "number")`, "spec/replicas", at(0, "ports", 0), at(0, "ports", 1)],
  ["empty"],
] as const) {
  test(`jqPaths: ${expression}`, () =>
    assert.deepEqual(
      jqPaths(expression, ROOT).map((path) => path.join("/")),
      want,
    ))
}

for (const [expression, message] of [
  ["", /unexpected end at 0/],
  [".spec[", /unexpected end/],
  [".spec.replicas }", /unexpected "}" at 15|unexpected " " at/],
  [".spec | map(.x)", /function not known at 8: map\/1; those of paths are select/],
  [".spec | select(.a; .b)", /select\/2/],
  ['"text \\(.spec)"', /text with expressions/],
  [".spec.replicas.x", /expected an object but got: number/],
  [".spec[0]", /expected an array but got: object/],
  [".spec.replicas[]", /cannot iterate over: number/],
  [".none[]", /cannot iterate over: null/],
  [".spec[1:]", /unexpected : at 7/],
  ["1", /makes values/],
  [".spec | type", /makes values/],
  ['.spec | select(test("x"))', /cannot be asked of: object/],
  ['.metadata.annotations.other | select(test("("))', /cannot read regular expression/],
  ["(".repeat(100), /more than 64 levels/],
  [`.${"x".repeat(5_000)}`, /want at most 4096/],
  [".. | .. | .. | .. | .. | .. | ..|..|..|..|..|..|..|..|..|..", /more than 200000 steps/],
] as const) {
  test(`jqPaths: ${expression.slice(0, 40)} is an error`, () =>
    assert.throws(
      () => jqPaths(expression, ROOT),
      (error) => error instanceof JqError && message.test(error.message),
    ))
}
