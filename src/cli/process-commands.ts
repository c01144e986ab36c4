// The commands that run until they are interrupted: each reads its options and hands over to a composition root.
import type { Command } from "commander"
import {
  auditFlags,
  integer,
  list,
  servingOptions,
  withAuditFlags,
  withMetricsAddress,
  withServingOptions,
} from "./arguments.ts"
import { authenticationFlags, withAuthenticationFlags } from "./authentication-flags.ts"
import { AGENT_FEATURE_GATES, HUB_FEATURE_GATES, parseFeatureGates } from "./feature-gates.ts"
import type { Roots } from "./roots.ts"
import type { Terminal } from "./terminal.ts"

/** The most members that one process may be asked for. */
const CLUSTERS_MAX = 10_000

export function addProcessCommands(program: Command, roots: Roots, terminal: Terminal): void {
  addUp(program, roots, terminal)
  program
    .command("down")
    .description("end a fleet that `hawser up --detach` started; its state stays")
    .option("--dir <dir>", "the fleet's folder", ".hawser")
    .action((o) => roots.down(terminal, { dir: o.dir }))
  addMembers(program, roots, terminal)
  withServerFlags(
    program.command("apiserver").description("run the embedded API server with its controllers, nothing else"),
  )
    .option("--dir <dir>", "folder for its state; DIR/kubeconfig is the administrator's", ".hawser-apiserver")
    .option("-q, --quiet", "no progress on stderr", false)
    .action((o) => roots.apiserver(terminal, { ...serverFlags(o), dir: o.dir, quiet: o.quiet }))
  addHub(program, roots, terminal)
  withMetricsAddress(program.command("agent").description("run the klusterlet agent of one cluster"))
    .requiredOption("--cluster-name <name>", "the cluster's name on the hub")
    .requiredOption(
      "--bootstrap-kubeconfig <file>",
      "kubeconfig with the bootstrap token (`hawser token` prints one); may be repeated, for hubs to fail over to",
      (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
    )
    .option(
      "--hub-connection-timeout-seconds <n>",
      "with several hubs: how long one may be silent before another is looked for",
      integer(180, 30 * 86_400),
      600,
    )
    .option("--spoke-kubeconfig <file>", "kubeconfig of the cluster to manage (default: the one that this is a pod of)")
    .option("--dir <dir>", "folder for its credentials and cache", ".hawser-agent")
    .option(
      "--hub-kubeconfig-secret <namespace/name>",
      "Secret for its credentials, in the cluster, instead of the folder",
    )
    .option("--hosted", "that Secret is where this runs as a pod, and not in the cluster to manage", false)
    .option("--hosting-kubeconfig <file>", "with --hosted: where that Secret is, when this is no pod")
    .option("--feature-gates <gates>", `A=true,B=false of ${AGENT_FEATURE_GATES.join(", ")}`, list, [])
    .action((o) =>
      roots.agent(terminal, {
        ...o,
        bootstrapKubeconfigs: o.bootstrapKubeconfig,
        hubTimeoutSeconds: o.hubConnectionTimeoutSeconds,
        featureGates: parseFeatureGates(o.featureGates, AGENT_FEATURE_GATES),
      }),
    )
}

/** What the API server of a hub is told. */
const withServerFlags = (command: Command) => withAuthenticationFlags(withAuditFlags(withServingOptions(command)))

type Parsed = Parameters<typeof servingOptions>[0] &
  Parameters<typeof auditFlags>[0] &
  Parameters<typeof authenticationFlags>[0]
const serverFlags = (o: Parsed) => ({ ...servingOptions(o), ...auditFlags(o), ...authenticationFlags(o) })

function addUp(program: Command, roots: Roots, terminal: Terminal): void {
  withServerFlags(program.command("up").description("start a hub and a fleet of simulated members in one process"))
    .option(
      "--clusters <n>",
      "how many members, cluster1 to clusterN (default: as many as there were, or 3)",
      integer(0, CLUSTERS_MAX),
    )
    .option("--dir <dir>", "folder for state and kubeconfigs; starting again resumes", ".hawser")
    .option("--no-sample", "leave out the sample application")
    .option("--nodes <n>", "fake nodes in every member", integer(0, 1000), 2)
    .option("--detach", "return when all members have joined; `hawser down` ends the fleet", false)
    .option("--timeout <seconds>", "how long to wait for all members to join", integer(1, 86_400), 600)
    .option("-q, --quiet", "no progress on stderr", false)
    .action((o) =>
      roots.up(terminal, {
        ...serverFlags(o),
        ...(o.clusters === undefined ? {} : { clusters: o.clusters }),
        dir: o.dir,
        sample: o.sample,
        detach: o.detach,
        nodes: o.nodes,
        timeoutSeconds: o.timeout,
        quiet: o.quiet,
      }),
    )
}

function addMembers(program: Command, roots: Roots, terminal: Terminal): void {
  program
    .command("members")
    .description("run simulated members alone, against any hub, over shared connections")
    .requiredOption("--clusters <n>", "how many, cluster1 to clusterN", integer(1, CLUSTERS_MAX))
    .requiredOption("--hub-kubeconfig <file>", "an administrator's kubeconfig of the hub: it impersonates the agents")
    .option("--dir <dir>", "folder for their state and kubeconfigs", ".hawser-members")
    .option("--bind-address <ip>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on (default: a free one, kept for the next start)", integer(1, 65535))
    .option("--nodes <n>", "fake nodes in every member", integer(0, 1000), 2)
    .option("--no-accept", "leave it to others to let them in")
    .option("--timeout <seconds>", "how long to wait for all members to join", integer(1, 86_400), 600)
    .option("-q, --quiet", "no progress on stderr", false)
    .action(({ timeout, ...o }) => roots.members(terminal, { ...o, timeoutSeconds: timeout }))
}

function addHub(program: Command, roots: Roots, terminal: Terminal): void {
  withMetricsAddress(
    program.command("hub").description("run the hub's controllers against any Kubernetes that `hawser init` prepared"),
  )
    .option("--kubeconfig <file>", "the hub's kubeconfig (default: the cluster that this is a pod of)")
    .option("--context <name>", "of the kubeconfig")
    .option("--feature-gates <gates>", `A=true,B=false of ${HUB_FEATURE_GATES.join(", ")}`, list, [])
    .option("--auto-approve-user <user>", "user whose first CSR is approved by itself; may be repeated", list, [])
    .option("--no-leader-elect", "run at once, without a lease")
    .action((o) =>
      roots.hub(terminal, {
        ...(o.kubeconfig === undefined ? {} : { kubeconfig: o.kubeconfig }),
        ...(o.context === undefined ? {} : { context: o.context }),
        featureGates: parseFeatureGates(o.featureGates, HUB_FEATURE_GATES),
        autoApproveUsers: o.autoApproveUser,
        leaderElect: o.leaderElect,
        metricsBindAddress: o.metricsBindAddress,
      }),
    )
}
