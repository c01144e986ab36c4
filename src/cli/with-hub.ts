import { connect, type Connection } from "./connect.ts"
import type { Terminal } from "./terminal.ts"

/** Runs a command with a connection to the hub that it names, and closes it. */
export type WithHub = (path: string | undefined, run: (connection: Connection) => Promise<void>) => Promise<void>

/** For commander: the option that every client command has. */
export const KUBECONFIG = [
  "--kubeconfig <file>",
  "the hub's kubeconfig (default: $KUBECONFIG, .hawser/hub.kubeconfig, ~/.kube/config)",
] as const

export const withHubOf =
  (terminal: Terminal): WithHub =>
  async (path, run) => {
    const connection = await connect(terminal, path)
    try {
      await run(connection)
    } finally {
      connection.close()
    }
  }
