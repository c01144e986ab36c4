// The commands that make objects from a few words.
import type { Command } from "commander"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { runApply } from "./apply.ts"
import { integer, list } from "./arguments.ts"
import { worksFor } from "./create-work.ts"
import { readManifests } from "./manifests.ts"
import { parseOutputFormat } from "./output.ts"
import type { Terminal } from "./terminal.ts"
import { KUBECONFIG, type WithHub } from "./with-hub.ts"

export function addCreateCommands(program: Command, terminal: Terminal, withHub: WithHub): void {
  const create = program.command("create").description("make objects from a few words")
  create
    .command("work")
    .description("bring manifests to clusters, or to all that a placement selects")
    .argument("<name>")
    .requiredOption("-f, --filename <path>", "file, folder or - for standard input; may be repeated", list, [])
    .option(...KUBECONFIG)
    .option("--clusters <clusters>", "separated by commas; may be repeated", list, [])
    .option("--placement <placement>", "NAMESPACE/NAME: on the clusters that it selects now")
    .option("-r, --replicaset", "with --placement: follow it from now on, by a ManifestWorkReplicaSet", false)
    .option("--overwrite", "change works of that name", false)
    .option("--dry-run", "ask the server what would happen", false)
    .option("-o, --output <format>", "json, yaml or name")
    .option("--wait", "return when it is available on the clusters", false)
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 86_400), 300)
    .addHelpText("after", "\nExample:\n  hawser create work web -f web.yaml --clusters shop1,shop2 --wait\n")
    .action((name, { kubeconfig, filename, dryRun, output, wait, timeout, overwrite, replicaset, ...target }) =>
      withHub(kubeconfig, async ({ client }) => {
        const format = parseOutputFormat(output)
        const manifests = await readManifests(terminal, filename)
        const works = await worksFor(client, name, manifests, { ...target, overwrite, replicaSet: replicaset })
        const mapper = newRestMapper({ client, clock: terminal.clock })
        await runApply(terminal, { client, mapper }, works, {
          namespace: "default",
          dryRun,
          force: overwrite,
          format,
          ...(wait ? { waitSeconds: timeout } : {}),
        })
      }),
    )
}
