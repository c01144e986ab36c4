import assert from "node:assert/strict"
import { test } from "node:test"
import { forbidden, notFound } from "#apimachinery/status-error.ts"
import { ConnectionError } from "#lib/http.ts"
import { describeFailure } from "./failure.ts"
import { CommandError, EXIT } from "./terminal.ts"

const clusters = { group: "cluster.open-cluster-management.io", resource: "managedclusters" }

for (const { name, error, text, exitCode } of [
  {
    name: "a command's own error ends with the next command",
    error: new CommandError("Cannot find a hub", { next: "hawser up", exitCode: EXIT.usage }),
    text: "Error: Cannot find a hub\nNext: hawser up\n",
    exitCode: EXIT.usage,
  },
  {
    name: "a refusal is printed as kubectl prints it",
    error: notFound(clusters, "c1"),
    text: `Error from server (NotFound): managedclusters.cluster.open-cluster-management.io "c1" not found\n`,
    exitCode: EXIT.refused,
  },
  {
    name: "a refusal inside another error keeps its story",
    error: new Error("Cannot accept c1", { cause: forbidden(clusters, "c1", "no") }),
    text: `Error from server (Forbidden): Cannot accept c1: managedclusters.cluster.open-cluster-management.io "c1" is forbidden: no\nNext: use a kubeconfig with more rights (--kubeconfig)\n`,
    exitCode: EXIT.refused,
  },
  {
    name: "no answer",
    error: new Error("Cannot list", { cause: new ConnectionError("connect ECONNREFUSED 127.0.0.1:1") }),
    text: `Error: Cannot list: connect ECONNREFUSED 127.0.0.1:1\nNext: check that the hub is running ("hawser up") and that the kubeconfig names its address\n`,
    exitCode: EXIT.unreachable,
  },
  {
    name: "anything else",
    error: new Error("Cannot x", { cause: new Error("y") }),
    text: "Error: Cannot x: y\n",
    exitCode: EXIT.failed,
  },
]) {
  test(`describeFailure: ${name}`, () => assert.deepEqual(describeFailure(error), { text, exitCode }))
}
