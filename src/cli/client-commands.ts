// The commands that speak to a hub as a client.
import type { Command } from "commander"
import { sleep } from "#lib/clock.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { newRestMapper } from "#kube/rest-mapper.ts"
import { runAccept } from "./accept.ts"
import { runApply, runDelete } from "./apply.ts"
import { duration, integer, list } from "./arguments.ts"
import { runDeny } from "./deny.ts"
import { runDetach } from "./detach.ts"
import { addCreateCommands } from "./create-commands.ts"
import { addDiagnosisCommands } from "./diagnosis-commands.ts"
import { GETTABLE, runGet } from "./get.ts"
import { readManifests } from "./manifests.ts"
import { parseOutputFormat } from "./output.ts"
import { CommandError, EXIT, type Terminal } from "./terminal.ts"
import { addUpgradeCommands } from "./upgrade-commands.ts"
import { KUBECONFIG, withHubOf, type WithHub } from "./with-hub.ts"

export function addClientCommands(program: Command, terminal: Terminal): void {
  const withHub = withHubOf(terminal)
  program
    .command("get")
    .description(`list or show ${GETTABLE.join(", ")}`)
    .argument("<kind>", GETTABLE.join(", "))
    .argument("[name]")
    .option(...KUBECONFIG)
    .option("-n, --namespace <namespace>", "for works the cluster (default: all)")
    .option("-l, --selector <selector>", "label selector")
    .option("-o, --output <format>", "table, wide, json, yaml or name")
    .action((kind, name, options) =>
      withHub(options.kubeconfig, ({ client }) => runGet(client, terminal, kind, name, options)),
    )

  program
    .command("apply")
    .description("create or change objects on the hub by server-side apply")
    .requiredOption("-f, --filename <path>", "file, folder or - for standard input; may be repeated", list, [])
    .option(...KUBECONFIG)
    .option("-n, --namespace <namespace>", "for objects that name none", "default")
    .option("--force-conflicts", "take over fields that others manage", false)
    .option("--dry-run", "ask the server what would happen", false)
    .option("-o, --output <format>", "json, yaml or name")
    .option("--wait", "return when works are available on their clusters, placements decided, clusters joined", false)
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 86_400), 300)
    .addHelpText("after", "\nExample:\n  hawser apply -f shop.yaml --wait --timeout 60\n")
    .action((options) =>
      withHub(options.kubeconfig, async ({ client }) => {
        const format = parseOutputFormat(options.output)
        const objects = await readManifests(terminal, requireFiles(options.filename))
        const mapper = newRestMapper({ client, clock: terminal.clock })
        await runApply(terminal, { client, mapper }, objects, {
          namespace: options.namespace,
          dryRun: options.dryRun,
          force: options.forceConflicts,
          format,
          ...(options.wait ? { waitSeconds: options.timeout } : {}),
        })
      }),
    )

  program
    .command("delete")
    .description("delete objects on the hub")
    .requiredOption("-f, --filename <path>", "file, folder or - for standard input; may be repeated", list, [])
    .option(...KUBECONFIG)
    .option("-n, --namespace <namespace>", "for objects that name none", "default")
    .option("--wait", "return when they are gone", false)
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 86_400), 300)
    .action((options) =>
      withHub(options.kubeconfig, async ({ client }) => {
        const objects = await readManifests(terminal, requireFiles(options.filename))
        const mapper = newRestMapper({ client, clock: terminal.clock })
        const deadlineMs = terminal.clock.nowMs() + options.timeout * 1000
        await runDelete(terminal, { client, mapper }, objects, {
          namespace: options.namespace,
          ...(options.wait
            ? { untilGone: (type, key) => untilGone(() => client.get(type, key), deadlineMs, terminal) }
            : {}),
        })
      }),
    )

  program
    .command("accept")
    .description("let clusters that asked to join into the fleet")
    .argument("<cluster...>")
    .option(...KUBECONFIG)
    .option("--wait", "wait for clusters that have not asked yet", false)
    .option("--timeout <seconds>", "how long --wait waits", integer(1, 86_400), 300)
    .option("--skip-approve-check", "approve requests whoever made them", false)
    .action((names, options) =>
      withHub(options.kubeconfig, ({ client }) =>
        runAccept(terminal, client, names, {
          waitSeconds: options.wait ? options.timeout : 0,
          skipApproveCheck: options.skipApproveCheck,
        }),
      ),
    )
  addLeaving(program, terminal, withHub)
  addCreateCommands(program, terminal, withHub)
  addDiagnosisCommands(program, terminal, withHub)
  addUpgradeCommands(program, terminal, withHub)
}

/** The end of a membership, for now or for good. */
function addLeaving(program: Command, terminal: Terminal, withHub: WithHub): void {
  program
    .command("deny")
    .description("shut clusters out of the fleet; accept lets them in again")
    .argument("<cluster...>")
    .option(...KUBECONFIG)
    .addHelpText("after", "\nTheir rights on the hub end at once. What runs on them goes on.\n")
    .action((names, options) => withHub(options.kubeconfig, ({ client }) => runDeny(terminal, client, names)))

  program
    .command("detach")
    .description("take clusters out of the fleet, with what their works applied")
    .argument("<cluster...>")
    .option(...KUBECONFIG)
    .option("--keep-workloads", "leave what works applied on the clusters", false)
    .option("--force", "do not wait for the agents: they clear up when they come back", false)
    .option("--grace <duration>", "how long agents are waited for, heard of or not: 30m", duration(0, 31_536_000))
    .option("--no-wait", "return at once; the hub goes on by itself")
    .option("--timeout <seconds>", "how long to wait", integer(1, 86_400), 900)
    .option("-q, --quiet", "no progress", false)
    .addHelpText(
      "after",
      `
An agent that is heard of takes its works away first. One that is not is waited for ten minutes; it finds a tombstone
when it comes back, and clears up then. Interrupted, the command can be run again.

Example:
  hawser detach shop1 --force
`,
    )
    .action((names, { kubeconfig, force, grace, keepWorkloads, wait, timeout, quiet }) =>
      withHub(kubeconfig, ({ client }) => {
        const graceSeconds = force ? 0 : grace
        return runDetach(terminal, client, names, {
          ...(graceSeconds === undefined ? {} : { graceSeconds }),
          keepWorkloads,
          wait,
          timeoutSeconds: timeout,
          quiet,
        })
      }),
    )
}

function requireFiles(files: readonly string[]): readonly string[] {
  if (files.length === 0) throw new CommandError("Cannot read objects: -f names no file", { exitCode: EXIT.usage })
  return files
}

const POLL_MS = 250

async function untilGone(get: () => Promise<unknown>, deadlineMs: number, terminal: Terminal): Promise<void> {
  for (;;) {
    try {
      await get()
    } catch (error) {
      if (hasReason(error, "NotFound")) return
      throw error
    }
    if (terminal.clock.nowMs() > deadlineMs) {
      throw new CommandError("Cannot wait any longer: the object is still there", {
        exitCode: EXIT.timeout,
        next: "look at its metadata.finalizers for what holds it",
      })
    }
    await sleep(terminal.clock, POLL_MS, terminal.interrupted)
  }
}
