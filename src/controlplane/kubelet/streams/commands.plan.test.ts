import assert from "node:assert/strict"
import { test } from "node:test"
import type { Pod } from "#api/kubernetes/core.ts"
import { NOW_MS, newPod } from "#controlplane/workloads/testing/objects.ts"
import { runSimulated } from "./commands.plan.ts"

const pod: Pod = {
  ...newPod("a"),
  spec: { containers: [{ name: "c", env: [{ name: "A", value: "b" }, { name: "B" }] }] },
}
const run = (...argv: string[]) => runSimulated(argv, pod, "c", NOW_MS)

for (const { argv, want } of [
  { argv: ["true"], want: { output: "", exitCode: 0 } },
  { argv: ["/bin/false"], want: { output: "", exitCode: 1 } },
  { argv: ["echo", "a", "b"], want: { output: "a b\n", exitCode: 0 } },
  { argv: ["echo", "-n", "a"], want: { output: "a", exitCode: 0 } },
  { argv: ["hostname"], want: { output: "a\n", exitCode: 0 } },
  { argv: ["date"], want: { output: "Fri, 02 Jan 2026 03:04:05 GMT\n", exitCode: 0 } },
  { argv: ["printenv", "A"], want: { output: "b\n", exitCode: 0 } },
  { argv: ["printenv", "NONE"], want: { output: "", exitCode: 1 } },
  { argv: ["cat"], want: "cat" },
  { argv: ["cat", "/x"], want: { output: "", error: "cat: /x: No such file or directory\n", exitCode: 1 } },
  {
    argv: ["ls", "/"],
    want: {
      output: "",
      error:
        "ls: not found: this container is simulated, it knows cat, date, echo, env, false, hostname, printenv, true\n",
      exitCode: 127,
    },
  },
]) {
  test(`runSimulated: ${argv.join(" ")}`, () => assert.deepEqual(run(...argv), want))
}

test("runSimulated: env", () => {
  const result = run("env")
  assert.ok(result !== "cat")
  assert.deepEqual(result.output.split("\n").slice(1), [
    "HOSTNAME=a",
    "KUBERNETES_SERVICE_HOST=10.96.0.1",
    "KUBERNETES_SERVICE_PORT=443",
    "A=b",
    "",
  ])
})
