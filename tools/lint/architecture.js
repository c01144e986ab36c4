/**
 * The architecture as two lint rules. Imports point down (`hawser/layers`), and time and randomness come in by
 * argument (`hawser/ambient`). test/tidy/architecture.test.ts plants a violation of each kind and expects it to fail.
 */

/** What each layer may import besides itself. A folder of src/ without a row is an error. */
export const LAYERS = {
  lib: [],
  apimachinery: ["lib"],
  api: ["apimachinery", "lib"],
  cel: ["apimachinery", "lib"],
  kube: ["api", "apimachinery", "lib"],
  apiserver: ["cel", "api", "apimachinery", "lib"],
  runtime: ["kube", "api", "apimachinery", "lib"],
  rollout: ["api", "apimachinery", "lib"],
  controlplane: ["runtime", "kube", "apiserver", "api", "apimachinery", "lib"],
  hub: ["rollout", "runtime", "kube", "cel", "api", "apimachinery", "lib"],
  agent: ["runtime", "kube", "cel", "api", "apimachinery", "lib"],
  simulator: ["agent", "controlplane", "runtime", "kube", "apiserver", "api", "apimachinery", "lib"],
  cli: ["runtime", "kube", "api", "apimachinery", "lib", "hub", "agent"],
  cmd: [
    "cli",
    "simulator",
    "agent",
    "hub",
    "rollout",
    "controlplane",
    "runtime",
    "kube",
    "apiserver",
    "cel",
    "api",
    "apimachinery",
    "lib",
  ],
}

/** Features of one of these layers talk through the API only. Files directly in the layer's folder are its shared part. */
const FEATURES = new Set(["hub", "agent"])

/** @returns why the import is not allowed, or undefined. `from` is a path under src/, `specifier` as written. */
export function judgeImport(from, specifier) {
  if (specifier.startsWith("../")) return `Import "${specifier}" climbs: name it from its layer ("#layer/…")`
  const fromParts = from.split("/")
  const layer = fromParts[0]
  const allowed = LAYERS[layer]
  if (allowed === undefined) return `Folder src/${layer} has no row in tools/lint/architecture.js`
  if (!specifier.startsWith("#")) return undefined
  const toParts = specifier.slice(1).split("/")
  const to = toParts[0]
  if (to !== layer && !allowed.includes(to))
    return `Layer ${layer} must not import ${to}: imports point down, never up or sideways`
  if (
    layer === "cli" &&
    (to === "hub" || to === "agent") &&
    !specifier.endsWith(".plan.ts") &&
    toParts[1] !== "install"
  ) {
    return `The command line may run planners (*.plan.ts) and installation manifests, never controllers`
  }
  if (
    to === layer &&
    FEATURES.has(layer) &&
    fromParts.length > 2 &&
    toParts.length > 2 &&
    toParts[1] !== fromParts[1]
  ) {
    return `Features of ${layer} never import each other: ${fromParts[1]} imports ${toParts[1]}`
  }
  if (from.endsWith(".plan.ts") && (to === "kube" || to === "apiserver") && specifier !== "#kube/client.ts") {
    return `A plan is pure: it must not import ${to}`
  }
  return undefined
}

const underSrc = (filename) => {
  const at = filename.replaceAll("\\", "/").lastIndexOf("/src/")
  return at < 0 ? undefined : filename.slice(at + "/src/".length)
}

const layers = {
  meta: { type: "problem" },
  create(context) {
    const from = underSrc(context.filename)
    if (from === undefined) return {}
    const check = (node) => {
      const why = node.source ? judgeImport(from, node.source.value) : undefined
      if (why !== undefined) context.report({ node: node.source, message: why })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    }
  },
}

const AMBIENT_CALLS = new Set(["setTimeout", "setInterval", "setImmediate"])
const AMBIENT_MEMBERS = {
  Date: ["now"],
  Math: ["random"],
  performance: ["now"],
  process: ["hrtime"],
  crypto: ["randomUUID", "getRandomValues"],
  AbortSignal: ["timeout"],
}
const AMBIENT_MODULES = new Set(["node:timers", "node:timers/promises", "node:perf_hooks", "timers", "timers/promises"])
const AMBIENT_CRYPTO = new Set(["randomBytes", "randomUUID", "randomInt", "randomFillSync", "randomFill"])

const ambient = {
  meta: { type: "problem" },
  create(context) {
    const from = underSrc(context.filename)
    if (from === undefined || from.startsWith("lib/")) return {}
    const report = (node, what) =>
      context.report({
        node,
        message: `${what} is not allowed here: time and randomness come in by argument (#lib/clock.ts, #lib/random.ts)`,
      })
    return {
      CallExpression(node) {
        if (node.callee.type === "Identifier" && AMBIENT_CALLS.has(node.callee.name)) report(node, node.callee.name)
      },
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return
        if (AMBIENT_MEMBERS[node.object.name]?.includes(node.property.name))
          report(node, `${node.object.name}.${node.property.name}`)
      },
      NewExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "Date" && node.arguments.length === 0)
          report(node, "new Date()")
      },
      ImportDeclaration(node) {
        if (AMBIENT_MODULES.has(node.source.value)) report(node, node.source.value)
        if (node.source.value !== "node:crypto" && node.source.value !== "crypto") return
        for (const s of node.specifiers) {
          if (s.type === "ImportSpecifier" && AMBIENT_CRYPTO.has(s.imported.name)) report(s, s.imported.name)
        }
      },
    }
  },
}

export default { meta: { name: "hawser" }, rules: { layers, ambient } }
