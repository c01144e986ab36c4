// The commands that prepare clusters: init, join.
import { InvalidArgumentError, Option, type Command } from "commander"
import { isLabelValue, isQualifiedName } from "#apimachinery/names.ts"
import { integer, list } from "./arguments.ts"
import { AGENT_FEATURE_GATES, HUB_FEATURE_GATES, parseFeatureGates } from "./feature-gates.ts"
import { imageReference } from "./image-reference.ts"
import { DEPLOY_MODES, type Roots } from "./roots.ts"
import type { Terminal } from "./terminal.ts"
import { addToken, HUB_KUBECONFIG } from "./token-commands.ts"

const gates = (known: readonly string[]) => `A=true,B=false of ${known.join(", ")}`
const output = (...choices: string[]) =>
  new Option(
    "-o, --output <format>",
    `${choices.join(" or ")}: print what would be applied, and change nothing`,
  ).choices(choices)

/** hosted: the agent runs on the cluster of --kubeconfig and manages another one. The agent is one program in every mode. */
const deployMode = () =>
  new Option("--mode <mode>", "for --deploy: hosted runs the agent on another cluster than it manages")
    .choices(DEPLOY_MODES)
    .default("default")
    .argParser((text) => {
      const mode = DEPLOY_MODES.find((known) => known === text.toLowerCase())
      if (mode === undefined) throw new InvalidArgumentError(`want one of ${DEPLOY_MODES.join(", ")}.`)
      return mode
    })

export function addInstallCommands(program: Command, roots: Roots, terminal: Terminal): void {
  addInit(program, roots, terminal)
  addJoin(program, roots, terminal)
  addImport(program, roots, terminal)
  addToken(program, roots, terminal)
}

function addImport(program: Command, roots: Roots, terminal: Terminal): void {
  program
    .command("import")
    .description("bring a cluster in from the hub's side, with a kubeconfig of each")
    .argument("<cluster>", "its name on the hub")
    .requiredOption("--managed-cluster-kubeconfig <file>", "an administrator's kubeconfig of the cluster")
    .requiredOption("--image <reference>", "the image of Hawser (deploy/Dockerfile), for the agent", imageReference)
    .option("--kubeconfig <file>", HUB_KUBECONFIG)
    .option("--context <name>", "of the hub's kubeconfig")
    .option("--hub-apiserver <url>", "how the agent reaches the hub (default: as the hub publishes)")
    .addOption(deployMode())
    .option("--hosting-kubeconfig <file>", "with --mode hosted: where the agent runs (default: the hub's cluster)")
    .option("--labels <labels>", "a=b,c=d of the ManagedCluster", labels, {})
    .option("--feature-gates <gates>", gates(AGENT_FEATURE_GATES), list, [])
    .option("--no-wait", "return when the agent is deployed")
    .option("--timeout <seconds>", "how long to wait until the cluster is available", integer(1, 86_400), 300)
    .option("--dry-run", "look at both, say what would be done, and change nothing", false)
    .option("--force", "also when the cluster's agent obeys another hub or has another name", false)
    .option("-q, --quiet", "no progress on stderr", false)
    .addHelpText(
      "after",
      "\nExample:\n  hawser import shop1 --managed-cluster-kubeconfig shop1.kubeconfig --image registry.example/hawser:1.0\n",
    )
    .action((clusterName, { timeout, ...o }) =>
      roots.import(terminal, {
        ...o,
        clusterName,
        timeoutSeconds: timeout,
        featureGates: parseFeatureGates(o.featureGates, AGENT_FEATURE_GATES),
      }),
    )
}

/** @throws InvalidArgumentError */
function labels(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((part): [string, string] => {
    const at = part.indexOf("=")
    const [key, value] = [part.slice(0, at), part.slice(at + 1)]
    if (at < 1 || isQualifiedName(key).length > 0 || isLabelValue(value).length > 0) {
      throw new InvalidArgumentError(`want labels such as region=eu, not "${part}".`)
    }
    return [key, value]
  })
  return { ...before, ...Object.fromEntries(pairs) }
}

function addInit(program: Command, roots: Roots, terminal: Terminal): void {
  program
    .command("init")
    .description("make any Kubernetes a hub: CRDs, namespaces, RBAC; again, it is an upgrade")
    .option("--kubeconfig <file>", HUB_KUBECONFIG)
    .option("--context <name>", "of the kubeconfig")
    .option("--hub-apiserver <url>", "how clusters reach the hub (default: as they do, or as the kubeconfig does)")
    .option(
      "--ca-file <file>",
      "authorities that prove the hub there, old and new while they change (default: the kubeconfig's)",
    )
    .addOption(output("yaml", "json"))
    .option("--run", "then run the hub's controllers here, until Ctrl-C", false)
    .option("--feature-gates <gates>", `for --run and --deploy: ${gates(HUB_FEATURE_GATES)}`, list, [])
    .option(
      "--auto-approve-user <user>",
      "for --run and --deploy: user whose first CSR is approved by itself",
      list,
      [],
    )
    .option("--deploy", "run the hub's controllers there, as a Deployment", false)
    .option("--image <reference>", "for --deploy: the image of Hawser (deploy/Dockerfile)", imageReference)
    .option("--replicas <n>", "for --deploy: hubs, of which one leads", integer(1, 9), 2)
    .option("-q, --quiet", "no progress on stderr", false)
    .addHelpText(
      "after",
      "\nExamples:\n  hawser init --kubeconfig hub.kubeconfig\n  hawser init -o yaml | kubectl diff -f -\n",
    )
    .action(({ autoApproveUser, featureGates, ...o }) =>
      roots.init(terminal, {
        ...o,
        autoApproveUsers: autoApproveUser,
        featureGates: parseFeatureGates(featureGates, HUB_FEATURE_GATES),
      }),
    )
}

function addJoin(program: Command, roots: Roots, terminal: Terminal): void {
  program
    .command("join")
    .description("prepare a cluster to be managed by a hub, and with --run its agent here")
    .requiredOption("--cluster-name <name>", "its name on the hub")
    .option("--hub-apiserver <url>", "the hub's API server")
    .option("--hub-token <token>", "what the cluster introduces itself with (`hawser token`)")
    .option("--hub-ca-hash <hash>", "sha256:… of the hub's authority, which is then asked of the hub")
    .option("--ca-file <file>", "the hub's authority itself, instead")
    .option("--bootstrap-kubeconfig <file>", "all of these in one file (`hawser token -o kubeconfig`)")
    .option("--kubeconfig <file>", "the cluster's kubeconfig (default: $KUBECONFIG, ~/.kube/config)")
    .option("--context <name>", "of the cluster's kubeconfig")
    .option("--dir <dir>", "folder for the agent's credentials and cache", ".hawser-agent")
    .addOption(output("yaml", "json"))
    .option("--run", "then run the agent here, until Ctrl-C", false)
    .option("--feature-gates <gates>", `for --run and --deploy: ${gates(AGENT_FEATURE_GATES)}`, list, [])
    .option("--deploy", "run the agent there, as a Deployment", false)
    .option("--image <reference>", "for --deploy: the image of Hawser (deploy/Dockerfile)", imageReference)
    .addOption(deployMode())
    .option("--managed-cluster-kubeconfig <file>", "with --mode hosted: the cluster to manage")
    .option("-q, --quiet", "no progress on stderr", false)
    .addHelpText(
      "after",
      "\nExample:\n  hawser join --cluster-name shop1 --bootstrap-kubeconfig bootstrap.kubeconfig --run\n",
    )
    .action((o) => roots.join(terminal, { ...o, featureGates: parseFeatureGates(o.featureGates, AGENT_FEATURE_GATES) }))
}
