/**
 * `npm run bundle [-- FOLDER]`: the release, in dist/ by default. `node FOLDER/hawser.mjs` needs nothing else but Node 24 or later:
 * one file of code, the storage thread's, and the generated descriptions of Kubernetes. `FOLDER/bin/hawser` starts it as it is
 * meant to be started, with settings for memory.
 */
import { build, type Plugin } from "esbuild"
import { cpSync, mkdirSync, rmSync, statSync } from "node:fs"
import { join, resolve } from "node:path"

const root = join(import.meta.dirname, "..")
const out = resolve(process.argv[2] ?? join(root, "dist"))

/**
 * Node's own modules as they are. Importing one reads everything that it exports, for which Node loads what nobody asked for:
 * a WebSocket for `node:http`. That was a tenth of the time that a server takes to start.
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin" } : { path, external: true },
    )
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: "js",
    }))
  },
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const [entry, name] of [
  ["src/cmd/hawser.ts", "hawser.mjs"],
  ["src/apiserver/storage/sqlite-worker.ts", "sqlite-worker.mjs"],
] as const) {
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(out, name),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    plugins: [builtins],
    // commander is CommonJS and asks for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    legalComments: "linked",
    logLevel: "warning",
  })
}
cpSync(join(root, "src/apiserver/builtin/generated"), join(out, "generated"), { recursive: true })
cpSync(join(root, "bin/hawser"), join(out, "bin/hawser"))
cpSync(join(root, "LICENSE"), join(out, "LICENSE"))
const kb = Math.round(statSync(join(out, "hawser.mjs")).size / 1024)
process.stdout.write(`${out}: hawser.mjs (${kb} KB), sqlite-worker.mjs, generated/\n`)
