// The commands that say how the fleet fares, and why.
import { Option, type Command } from "commander"
import { list } from "./arguments.ts"
import { runDoctor } from "./doctor/doctor.ts"
import { runDrift } from "./drift.ts"
import { runExplain } from "./explain/explain.ts"
import type { Terminal } from "./terminal.ts"
import { KUBECONFIG, type WithHub } from "./with-hub.ts"

export function addDiagnosisCommands(program: Command, terminal: Terminal, withHub: WithHub): void {
  program
    .command("drift")
    .description("list what differs in the fleet from what works say, and what was put right")
    .option(...KUBECONFIG)
    .option("-C, --clusters <clusters>", "only on these, separated by commas; may be repeated", list, [])
    .option("-l, --selector <selector>", "only of works with these labels")
    .option("--now", "leave out what was corrected", false)
    .option("--exit-code", "exit with 1 when something differs now", false)
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText(
      "after",
      `
A work says what is done about drift by its annotation hawser.dev/drift: correct (default), report, or pause, which
writes nothing at all. On a ManifestWorkReplicaSet it is said to all of its works.
`,
    )
    .action(({ kubeconfig, now, ...options }) =>
      withHub(kubeconfig, ({ client }) => runDrift(terminal, client, { ...options, onlyNow: now })),
    )

  program
    .command("explain")
    .description("say why a cluster or a work is as it is, and what to do about it")
    .argument("<kind>", "cluster or work")
    .argument("<name>", "of a work CLUSTER/NAME")
    .option(...KUBECONFIG)
    .option("-n, --namespace <namespace>", "of a work its cluster")
    .addOption(new Option("-o, --output <format>", "json or yaml").choices(["json", "yaml"]))
    .addHelpText("after", "\nExample:\n  hawser explain work shop1/web\n")
    .action((what, name, { kubeconfig, ...options }) =>
      withHub(kubeconfig, ({ client }) => runExplain(terminal, client, what, name, options)),
    )

  program
    .command("doctor")
    .description("look at the hub and its fleet, and say what is wrong")
    .option(...KUBECONFIG)
    .addOption(new Option("-o, --output <format>", "json or yaml").choices(["json", "yaml"]))
    .addHelpText("after", "\nExits with 1 when something is.\n")
    .action(({ kubeconfig, output }) => withHub(kubeconfig, (connection) => runDoctor(terminal, connection, output)))
}
