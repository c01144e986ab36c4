// The commands that bring new versions to the fleet.
import type { Command } from "commander"
import { integer, list } from "./arguments.ts"
import { imageReference } from "./image-reference.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"
import { runUpgradeAgents } from "./upgrade/agents.ts"
import { parseStage, type Stage } from "./upgrade/upgrade.plan.ts"
import { KUBECONFIG, type WithHub } from "./with-hub.ts"

export function addUpgradeCommands(program: Command, terminal: Terminal, withHub: WithHub): void {
  const upgrade = program.command("upgrade").description("bring another version to the fleet")
  upgrade
    .command("agents")
    .description("give agents that run as Deployments another image, in stages")
    .requiredOption("--image <reference>", "the image to run", imageReference)
    .option(...KUBECONFIG)
    .option("-C, --clusters <clusters>", "only of these, separated by commas; may be repeated", list, [])
    .option("-l, --selector <selector>", "only of clusters with these labels")
    .option("--stages <stages>", "how many clusters each stage reaches, or which part of all", "1,10%,50%,100%")
    .option("--timeout <seconds>", "how long a stage may take", integer(1, 86_400), 600)
    .option("--dry-run", "print the stages, and change nothing", false)
    .option("-q, --quiet", "no progress", false)
    .addHelpText(
      "after",
      `
The next stage begins when every agent of the one before runs the image and is ready. It stops at the first that fails; an
agent whose successor does not become ready goes on. Run again, it goes on where it was. The image arrives by a ManifestWork
"hawser-agent-upgrade" in each cluster's namespace, which may be deleted. The hub itself: hawser init --deploy --image.

Example:
  hawser upgrade agents --image registry.example/hawser:1.2.0 --stages 1,25%
`,
    )
    .action(({ kubeconfig, timeout, stages: said, ...options }) =>
      withHub(kubeconfig, ({ client }) =>
        runUpgradeAgents(terminal, client, {
          ...options,
          timeoutSeconds: timeout,
          stages: stages(said),
        }),
      ),
    )
}

/** @throws CommandError */
function stages(text: string): readonly Stage[] {
  return text.split(",").map((part) => {
    const stage = parseStage(part.trim())
    if (stage === undefined) {
      throw new CommandError(`Cannot read --stages "${text}": want counts and percentages such as 1,10%,100%`, {
        exitCode: EXIT.usage,
      })
    }
    return stage
  })
}
