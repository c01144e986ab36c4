import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { cliDocs } from "../../tools/cli-docs.ts"

const ROOT = join(import.meta.dirname, "../..")
const read = (path: string) => readFileSync(join(ROOT, path), "utf8")

test("docs/CLI.md is what the commands say (npm run generate:docs)", () => {
  assert.equal(read("docs/CLI.md"), cliDocs())
})

test("links in the docs lead somewhere", () => {
  const pages = [
    "README.md",
    ...readdirSync(join(ROOT, "docs"), { recursive: true }).map((name) => `docs/${String(name)}`),
  ]
  const broken = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((link) => join(dirname(page), link[1]!))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${page}: ${target}`),
    )
  assert.deepEqual(broken, [])
})

test("files that docs/ARCHITECTURE.md names exist", () => {
  const text = read("docs/ARCHITECTURE.md")
  const names = new Set(
    ["src", "test"].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true }).map((path) => String(path).split("/").at(-1)!),
    ),
  )
  const missing = [...text.matchAll(/`(?:[\w-]+\/)*([\w.-]+\.ts)`/g)]
    .map((m) => m[1]!)
    .filter((name) => !names.has(name))
  const patterns = ["x.controller.ts", "x.plan.ts", "x.plan.test.ts"]
  assert.deepEqual(
    missing.filter((name) => !patterns.includes(name)),
    [],
  )
})

test("the README's lines are what CI runs", () => {
  const lines = /```\n(npm ci && npm start[^\n]*)\n(npm ci && npm test[^\n]*)\n```/.exec(read("README.md"))
  assert.ok(lines !== null, "two lines in one block")
  const testLine = lines[2]!.replace(/ +#.*/, "")
  assert.ok(read(".ci/run").includes(`"${testLine}"`), testLine)
})
