// `hawser token`, and the tokens for one cluster below it.
import { Option, type Command } from "commander"
import { BOUND_TOKEN_SECONDS } from "#hub/install/bound-token.ts"
import { duration, integer } from "./arguments.ts"
import type { Roots } from "./roots.ts"
import type { Terminal } from "./terminal.ts"

export const HUB_KUBECONFIG = "the hub's kubeconfig (default: $KUBECONFIG, .hawser/hub.kubeconfig, ~/.kube/config)"

const withHub = (command: Command) =>
  command.option("--kubeconfig <file>", HUB_KUBECONFIG).option("--context <name>", "of the kubeconfig")
const withAddress = (command: Command) =>
  withHub(command)
    .option("--hub-apiserver <url>", "how clusters reach the hub (default: as the hub publishes)")
    .addOption(new Option("-o, --output <format>", "json, yaml or kubeconfig").choices(["json", "yaml", "kubeconfig"]))

export function addToken(program: Command, roots: Roots, terminal: Terminal): void {
  // What stands behind the name of a command is that command's, also where its parent has an option of that name.
  program.enablePositionalOptions()
  const token = withAddress(program.command("token"))
    .description("print what a cluster needs to join the hub")
    .enablePositionalOptions()
    .option(
      "--expires <seconds>",
      "a token that ends by itself (default: the hub's own, which does not, where the hub lets it in)",
      integer(600, 31_536_000),
    )
    .addHelpText("after", "\nExample:\n  hawser token -o kubeconfig > bootstrap.kubeconfig\n")
    .action(({ expires, ...o }) =>
      roots.token(terminal, { ...o, ...(expires === undefined ? {} : { expirationSeconds: expires }) }),
    )
  const { min, max, default: usual } = BOUND_TOKEN_SECONDS
  withAddress(token.command("create"))
    .description("make a token with which one cluster can join, once")
    .requiredOption("--cluster-name <name>", "the only name that it is good for")
    .option("--ttl <duration>", "how long it waits to be used: 90s, 2h (default: 15m)", duration(min, max))
    .addHelpText("after", "\nExample:\n  hawser token create --cluster-name shop1 --ttl 1h\n")
    .action(({ ttl = usual, ...o }) => roots.tokenCreate(terminal, { ...o, ttlSeconds: ttl }))
  withHub(token.command("list"))
    .description("list the tokens for one cluster that wait to be used")
    .addOption(new Option("-o, --output <format>", "json or yaml").choices(["json", "yaml"]))
    .action((o) => roots.tokenList(terminal, o))
  withHub(token.command("revoke"))
    .description("end tokens for one cluster, and refuse what was asked with them")
    .argument("<token...>", "their ids, or the clusters that they are for")
    .action((names, o) => roots.tokenRevoke(terminal, names, o))
}
