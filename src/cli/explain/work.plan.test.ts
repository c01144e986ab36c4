import assert from "node:assert/strict"
import { test } from "node:test"
import type { ManagedCluster } from "#api/cluster/v1.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { Condition } from "#apimachinery/conditions.ts"
import type { Explanation } from "./explanation.ts"
import { explainWork, type SeenWork } from "./work.plan.ts"

const is = (type: string, status: Condition["status"], more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  reason: "Because",
  message: "",
  lastTransitionTime: "2026-01-02T03:00:05Z",
  ...more,
})
const APPLIED = is("Applied", "True", { observedGeneration: 2 })
const AVAILABLE = is("Available", "True", { observedGeneration: 2 })
type Parts = { conditions?: Condition[]; manifest?: Condition[]; meta?: object; spec?: ManifestWork["spec"] }

const work = ({ conditions = [APPLIED, AVAILABLE], manifest = [], meta, spec }: Parts = {}): ManifestWork => ({
  apiVersion: "work.open-cluster-management.io/v1",
  kind: "ManifestWork",
  metadata: { name: "web", namespace: "c1", generation: 2, ...meta },
  spec: spec ?? {
    workload: { manifests: [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } } as never] },
  },
  status: {
    conditions,
    resourceStatus: {
      manifests: [
        { resourceMeta: { ordinal: 0, kind: "Deployment", namespace: "shop", name: "web" }, conditions: manifest },
      ],
    },
  },
})
const managed = (status: Condition["status"]) =>
  ({ status: { conditions: [is("ManagedClusterConditionAvailable", status)] } }) as unknown as ManagedCluster
const clusterExplained: Explanation = {
  subject: "cluster c1",
  ok: false,
  verdict: "c1 is not heard of",
  findings: [{ object: "Lease c1/l", says: "last renewed 17m ago" }],
  notes: [],
  next: ["look at c1"],
}
const seen = (object: ManifestWork | undefined, status: Condition["status"] = "True"): SeenWork => ({
  cluster: "c1",
  name: "web",
  work: object,
  managedCluster: managed(status),
  clusterExplained,
})
const failed = (message: string, spec?: ManifestWork["spec"]) =>
  work({
    conditions: [is("Applied", "False", { observedGeneration: 2 })],
    manifest: [is("Applied", "False", { message })],
    ...(spec === undefined ? {} : { spec }),
  })
const deleted = { deletionTimestamp: "2026-01-02T03:00:05Z", finalizers: ["f1"] }

for (const { name, given, ok = false, verdict, next } of [
  {
    name: "not there",
    given: seen(undefined),
    verdict: 'There is no work "web" for cluster "c1"',
    next: /get works -n c1/,
  },
  { name: "well", given: seen(work()), ok: true, verdict: "web on c1 is applied and available" },
  {
    name: "complete",
    given: seen(work({ conditions: [APPLIED, AVAILABLE, is("Complete", "True")] })),
    ok: true,
    verdict: "web on c1 is complete",
  },
  {
    name: "nothing reported, its cluster away",
    given: seen(work({ conditions: [] }), "Unknown"),
    verdict: "web cannot reach its cluster: c1 is not heard of",
    next: /look at c1/,
  },
  {
    name: "an older version reported, its cluster there",
    given: seen(work({ conditions: [is("Applied", "True", { observedGeneration: 1 })] })),
    verdict: "c1 has not reported on this version of web yet",
  },
  {
    name: "a kind that is not known",
    given: seen(failed(`Failed to apply manifest: the server doesn't have a resource type "Foo"`)),
    verdict: "1 of 1 manifests of web cannot be applied on c1",
    next: /CustomResourceDefinition/,
  },
  {
    name: "an executor without the right",
    given: seen(
      failed("deployments is forbidden", {
        workload: { manifests: [{} as never] },
        executor: { subject: { type: "ServiceAccount", serviceAccount: { namespace: "apps", name: "deployer" } } },
      }),
    ),
    verdict: "1 of 1 manifests of web cannot be applied on c1",
    next: /give the executor apps\/deployer/,
  },
  {
    name: "a conflict",
    given: seen(failed("Apply failed with 1 conflict")),
    verdict: "1 of 1 manifests of web cannot be applied on c1",
    next: /force/,
  },
  {
    name: "paused",
    given: seen(failed("not applied: the work is paused")),
    verdict: "1 of 1 manifests of web cannot be applied on c1",
    next: /annotate manifestwork -n c1 web hawser.dev\/drift-/,
  },
  {
    name: "invalid",
    given: seen(failed("spec.replicas: Invalid value")),
    verdict: "1 of 1 manifests of web cannot be applied on c1",
    next: /mend the manifest/,
  },
  {
    name: "an object that is not there",
    given: seen(work({ conditions: [APPLIED, is("Available", "False")], manifest: [is("Available", "False")] })),
    verdict: "1 objects of web are not there on c1",
  },
  {
    name: "drift that is left",
    given: seen(work({ conditions: [APPLIED, AVAILABLE, is("Drifted", "True")], manifest: [is("Drifted", "True")] })),
    verdict: "1 objects of web on c1 differ from what the work says, and are left so",
    next: /annotate/,
  },
  {
    name: "a fight",
    given: seen(work({ conditions: [APPLIED, AVAILABLE, is("Drifted", "True", { reason: "DriftContested" })] })),
    verdict: "Somebody else changes objects of web on c1 back each time",
    next: /manager in brackets/,
  },
  {
    name: "still on its way, by a rule",
    given: seen(work({ conditions: [APPLIED, AVAILABLE, is("Progressing", "True")] })),
    verdict: "web on c1 is applied, and still on its way",
  },
  {
    name: "being deleted, its cluster away",
    given: seen(work({ meta: deleted }), "Unknown"),
    verdict: "web is being deleted, and c1 is not there to take away what it applied",
    next: /look at c1/,
  },
  {
    name: "being deleted, its cluster there",
    given: seen(work({ meta: deleted })),
    verdict: "web is being deleted, and objects on c1 are not gone yet",
    next: /finalizers/,
  },
]) {
  test(`explainWork: ${name}`, () => {
    const explanation = explainWork(given)
    assert.equal(explanation.verdict, verdict)
    assert.equal(explanation.ok, ok)
    if (next !== undefined) assert.match(explanation.next.join("\n"), next)
  })
}
