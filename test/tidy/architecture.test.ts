// The architecture is held by lint rules; this test plants a violation of each kind and expects the linter to fail.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { LAYERS } from "../../tools/lint/architecture.js"

const ROOT = join(import.meta.dirname, "../..")

/** Lints a tree of its own under the project's rules. @returns the linter's exit code and output */
function lint(files: Record<string, string>): { code: number | null; output: string } {
  const dir = mkdtempSync(join(tmpdir(), "hawser-tidy-"))
  try {
    const config = JSON.parse(readFileSync(join(ROOT, ".oxlintrc.json"), "utf8"))
    config.jsPlugins = [join(ROOT, "tools/lint/architecture.js")]
    config.options = { typeAware: false }
    files = {
      ".oxlintrc.json": JSON.stringify(config),
      "package.json": `{"name":"planted","type":"module","imports":{"#*":"./src/*"}}`,
      "tsconfig.json": readFileSync(join(ROOT, "tsconfig.json"), "utf8"),
      ...files,
    }
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true })
      writeFileSync(join(dir, path), text)
    }
    const run = spawnSync(join(ROOT, "node_modules/.bin/oxlint"), ["src"], { cwd: dir, encoding: "utf8" })
    return { code: run.status, output: run.stdout + run.stderr }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

test("a tree without violations passes", () => {
  const { code, output } = lint({
    "src/lib/a.ts": `export const a = Date.now()\n`,
    "src/kube/b.ts": `import { a } from "#lib/a.ts"\nexport const b = a\n`,
    "src/hub/work/x.plan.ts": `import { b } from "#lib/a.ts"\nexport const x = b\n`,
  })
  assert.equal(code, 0, output)
})

for (const { name, files, want } of [
  {
    name: "upward",
    files: { "src/lib/a.ts": `import { k } from "#kube/k.ts"\nexport const a = k\n` },
    want: "lib must not import kube",
  },
  {
    name: "sideways",
    files: { "src/kube/a.ts": `import { s } from "#apiserver/s.ts"\nexport const a = s\n` },
    want: "kube must not import apiserver",
  },
  {
    name: "sideways between features",
    files: { "src/hub/work/a.ts": `import { p } from "#hub/placement/p.ts"\nexport const a = p\n` },
    want: "never import each other",
  },
  {
    name: "type only",
    files: { "src/api/a.ts": `import type { K } from "#kube/k.ts"\nexport type A = K\n` },
    want: "api must not import kube",
  },
  {
    name: "re-export",
    files: { "src/api/a.ts": `export { k } from "#runtime/k.ts"\n` },
    want: "api must not import runtime",
  },
  {
    name: "dynamic import",
    files: { "src/api/a.ts": `export const a = () => import("#cmd/k.ts")\n` },
    want: "api must not import cmd",
  },
  {
    name: "climbing path",
    files: { "src/kube/a.ts": `import { l } from "../lib/l.ts"\nexport const a = l\n` },
    want: "climbs",
  },
  {
    name: "a folder without a row",
    files: { "src/misc/a.ts": `import { l } from "#lib/l.ts"\nexport const a = l\n` },
    want: "has no row",
  },
  {
    name: "a controller in the command line",
    files: { "src/cli/a.ts": `import { c } from "#hub/work/c.controller.ts"\nexport const a = c\n` },
    want: "never controllers",
  },
  {
    name: "a plan that reads",
    files: { "src/hub/work/a.plan.ts": `import { r } from "#kube/rest.ts"\nexport const a = r\n` },
    want: "A plan is pure",
  },
  {
    name: "a cycle",
    files: {
      "src/lib/a.ts": `import { b } from "./b.ts"\nexport const a = () => b\n`,
      "src/lib/b.ts": `import { a } from "./a.ts"\nexport const b = () => a\n`,
    },
    want: "no-cycle",
  },
  {
    name: "the wall clock",
    files: { "src/kube/a.ts": `export const a = Date.now()\n` },
    want: "Date.now is not allowed",
  },
  {
    name: "the wall clock by constructor",
    files: { "src/kube/a.ts": `export const a = new Date()\n` },
    want: "new Date() is not allowed",
  },
  {
    name: "a monotonic clock",
    files: { "src/kube/a.ts": `export const a = performance.now()\n` },
    want: "performance.now is not allowed",
  },
  { name: "a timer", files: { "src/hub/work/a.ts": `setTimeout(() => {}, 1)\n` }, want: "setTimeout is not allowed" },
  {
    name: "a timer by import",
    files: { "src/hub/work/a.ts": `import { setTimeout as s } from "node:timers/promises"\nexport const a = s\n` },
    want: "node:timers/promises is not allowed",
  },
  {
    name: "a random number",
    files: { "src/agent/work/a.ts": `export const a = Math.random()\n` },
    want: "Math.random is not allowed",
  },
  {
    name: "random bytes",
    files: { "src/agent/work/a.ts": `import { randomBytes } from "node:crypto"\nexport const a = randomBytes(4)\n` },
    want: "randomBytes is not allowed",
  },
]) {
  test(`planted violation fails: ${name}`, () => {
    const { code, output } = lint(files)
    assert.notEqual(code, 0, output)
    assert.ok(output.includes(want), output)
  })
}

test("every folder of src has a row in the table of layers, and every row a folder", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
  assert.deepEqual(folders.toSorted(), Object.keys(LAYERS).toSorted())
})
