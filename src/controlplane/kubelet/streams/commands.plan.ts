// The few commands that a container knows which only pretends to run.
import type { Pod } from "#api/kubernetes/core.ts"

export type CommandResult =
  | { readonly output: string; readonly error?: string; readonly exitCode: number }
  /** Gives back what it is given until that ends. */
  | "cat"

const NOT_FOUND = 127
const KNOWN = ["cat", "date", "echo", "env", "false", "hostname", "printenv", "true"]

/** @param argv  the program and its arguments, as they came */
export function runSimulated(argv: readonly string[], pod: Pod, container: string, nowMs: number): CommandResult {
  const [path = "", ...args] = argv
  const program = path.slice(path.lastIndexOf("/") + 1)
  const well = (output: string) => ({ output, exitCode: 0 })
  switch (program) {
    case "true":
      return well("")
    case "false":
      return { output: "", exitCode: 1 }
    case "echo":
      return args[0] === "-n" ? well(args.slice(1).join(" ")) : well(`${args.join(" ")}\n`)
    case "hostname":
      return well(`${hostnameOf(pod)}\n`)
    case "date":
      return well(`${new Date(nowMs).toUTCString()}\n`)
    case "env":
    case "printenv":
      return printEnvironment(environmentOf(pod, container), args)
    case "cat":
      if (args.length === 0) return "cat"
      return {
        output: "",
        error: args.map((file) => `cat: ${file}: No such file or directory\n`).join(""),
        exitCode: 1,
      }
    default: {
      const error = `${path}: not found: this container is simulated, it knows ${KNOWN.join(", ")}\n`
      return { output: "", error, exitCode: NOT_FOUND }
    }
  }
}

const hostnameOf = ({ spec, metadata }: Pod) => (spec as { hostname?: string }).hostname ?? metadata.name ?? ""

type EnvVar = { name: string; value?: string }

/** What its author wrote, without what would have to be looked up. */
function environmentOf(pod: Pod, container: string): [string, string][] {
  const found = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === container)
  const own = ((found?.["env"] ?? []) as EnvVar[]).flatMap(({ name, value }): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  )
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  return [
    ["PATH", path],
    ["HOSTNAME", hostnameOf(pod)],
    ["KUBERNETES_SERVICE_HOST", "10.96.0.1"],
    ["KUBERNETES_SERVICE_PORT", "443"],
    ...own,
  ]
}

function printEnvironment(environment: readonly [string, string][], names: readonly string[]): CommandResult {
  if (names.length === 0)
    return { output: environment.map(([name, value]) => `${name}=${value}\n`).join(""), exitCode: 0 }
  const values = new Map(environment)
  const output = names.flatMap((name) => (values.has(name) ? [`${values.get(name)}\n`] : [])).join("")
  return { output, exitCode: names.every((name) => values.has(name)) ? 0 : 1 }
}
