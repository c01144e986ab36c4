// OCM's admission rules, by whatever enforces them: in process on the embedded hub, as policies on any other.
import assert from "node:assert/strict"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import { MANAGED_CLUSTER_SET_BINDINGS, MANAGED_CLUSTER_SETS } from "#api/cluster/v1beta2.ts"
import { NAMESPACES } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, type PolicyRule } from "#api/kubernetes/rbac.ts"
import { MANIFEST_WORKS, type ManifestWork } from "#api/work/v1.ts"
import { StatusError } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { formatTime } from "#lib/clock.ts"
import { eventually } from "../support/eventually.ts"

export type AdmissionScene = {
  readonly admin: KubeClient
  /** Speaks as a user of this name, without groups. */
  readonly as: (user: string) => KubeClient
  /** Whether works that are too large are refused: CEL cannot measure them. */
  readonly measuresWorks: boolean
  readonly nowMs: () => number
  /** Runs what has to be tried again until it holds. */
  readonly eventually?: typeof eventually
}

const CLUSTER_GROUP = "cluster.open-cluster-management.io"
const WORK_GROUP = "work.open-cluster-management.io"
const SET_LABEL = `${CLUSTER_GROUP}/clusterset`
const rule = (apiGroup: string, resource: string, verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
  ...(resourceNames === undefined ? {} : { resourceNames }),
})
/** What everybody here may do: write the objects. The rules are about what they say. */
const WRITER = [
  rule(CLUSTER_GROUP, "managedclusters", ["create", "update", "patch", "get"]),
  rule(CLUSTER_GROUP, "managedclustersetbindings", ["create"]),
  rule(WORK_GROUP, "manifestworks", ["create", "update", "patch", "get"]),
  rule(CLUSTER_GROUP, "managedclustersets/join", ["create"], ["default"]),
]
const USERS: Readonly<Record<string, readonly PolicyRule[]>> = {
  writer: WRITER,
  accepter: [...WRITER, rule("register.open-cluster-management.io", "managedclusters/accept", ["update"], ["ruled1"])],
  joiner: [...WRITER, rule(CLUSTER_GROUP, "managedclustersets/join", ["create"], ["default", "one"])],
  binder: [...WRITER, rule(CLUSTER_GROUP, "managedclustersets/bind", ["create"], ["one"])],
  executor: [...WRITER, rule(WORK_GROUP, "manifestworks", ["execute-as"], ["system:serviceaccount:apps:deployer"])],
}

const cluster = (name: string, spec: ManagedCluster["spec"] = {}, set = "default"): ManagedCluster => ({
  apiVersion: `${CLUSTER_GROUP}/v1`,
  kind: "ManagedCluster",
  metadata: { name, labels: { [SET_LABEL]: set } },
  spec,
})
const config = (name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ...more },
})
const work = (name: string, manifests: unknown[], spec: Partial<ManifestWork["spec"]> = {}): ManifestWork =>
  ({
    apiVersion: `${WORK_GROUP}/v1`,
    kind: "ManifestWork",
    metadata: { name, namespace: "ruled1" },
    spec: { workload: { manifests }, ...spec },
  }) as ManifestWork
const executor = (name: string) => ({
  executor: { subject: { type: "ServiceAccount" as const, serviceAccount: { namespace: "apps", name } } },
})
const binding = (name: string, clusterSet: string) => ({
  apiVersion: `${CLUSTER_GROUP}/v1beta2`,
  kind: "ManagedClusterSetBinding",
  metadata: { name, namespace: "default" },
  spec: { clusterSet },
})

type Case = {
  readonly name: string
  readonly as: string
  readonly write: (client: KubeClient, now: string) => Promise<unknown>
  /** Of the refusal's message; it may be written otherwise. */
  readonly refused?: RegExp
  readonly only?: "measured"
}

const set = (name: string, to: string | null) => (client: KubeClient) =>
  client.patch(MANAGED_CLUSTERS, { name }, { merge: { metadata: { labels: { [SET_LABEL]: to } } } })
const spec = (name: string, change: object) => (client: KubeClient) =>
  client.patch(MANAGED_CLUSTERS, { name }, { merge: { spec: change } })
const taint = (key: string, timeAdded?: string) => ({
  key,
  effect: "NoSelect",
  ...(timeAdded === undefined ? {} : { timeAdded }),
})

/** In order: later ones stand on what earlier ones wrote. */
const CASES: readonly Case[] = [
  { name: "a cluster that is announced", as: "writer", write: (c) => c.create(MANAGED_CLUSTERS, cluster("ruled1")) },
  {
    name: "a name that is no namespace's",
    as: "writer",
    write: (c) => c.create(MANAGED_CLUSTERS, cluster("a.b")),
    refused: /metadata\.name format is not correct/,
  },
  {
    name: "an address without TLS",
    as: "writer",
    write: (c) => c.create(MANAGED_CLUSTERS, cluster("ruled2", { managedClusterClientConfigs: [{ url: "http://a" }] })),
    refused: /is invalid in client configs/,
  },
  {
    name: "an address with TLS",
    as: "writer",
    write: spec("ruled1", { managedClusterClientConfigs: [{ url: "https://a:6443" }] }),
  },
  {
    name: "a cluster created as let in",
    as: "writer",
    write: (c) => c.create(MANAGED_CLUSTERS, cluster("ruled2", { hubAcceptsClient: true })),
    refused: /user "writer" cannot update the HubAcceptsClient field/,
  },
  {
    name: "a cluster let in without the right",
    as: "writer",
    write: spec("ruled1", { hubAcceptsClient: true }),
    refused: /user "writer" cannot update the HubAcceptsClient field/,
  },
  {
    name: "another cluster than the right is for",
    as: "accepter",
    write: (c) => c.create(MANAGED_CLUSTERS, cluster("ruled2", { hubAcceptsClient: true })),
    refused: /user "accepter" cannot update the HubAcceptsClient field/,
  },
  { name: "a cluster let in", as: "accepter", write: spec("ruled1", { hubAcceptsClient: true }) },
  { name: "another change of one that is let in", as: "writer", write: spec("ruled1", { leaseDurationSeconds: 30 }) },
  {
    name: "shutting one out needs no right beyond the write",
    as: "writer",
    write: spec("ruled1", { hubAcceptsClient: false }),
  },
  {
    name: "a cluster moved to a set without the right",
    as: "writer",
    write: set("ruled1", "one"),
    refused: /user "writer" cannot add\/remove a ManagedCluster to\/from ManagedClusterSet "one"/,
  },
  {
    name: "a cluster created in a set without the right",
    as: "writer",
    write: (c) => c.create(MANAGED_CLUSTERS, cluster("ruled2", {}, "one")),
    refused: /cannot add\/remove a ManagedCluster to\/from ManagedClusterSet "one"/,
  },
  { name: "a cluster moved between sets", as: "joiner", write: set("ruled1", "one") },
  {
    name: "a cluster moved out of a set without the right",
    as: "writer",
    write: set("ruled1", "default"),
    refused: /cannot add\/remove a ManagedCluster to\/from ManagedClusterSet "one"/,
  },
  { name: "a taint without a time", as: "writer", write: spec("ruled1", { taints: [taint("a")] }) },
  {
    name: "a taint of now",
    as: "writer",
    write: (c, now) => spec("ruled1", { taints: [taint("b", now)] })(c),
  },
  {
    name: "another time of a taint that is there",
    as: "writer",
    write: async (c) => {
      const { spec: now } = await c.get(MANAGED_CLUSTERS, { name: "ruled1" })
      const taints = (now.taints ?? []).map((t) => ({ ...t, timeAdded: "2020-01-01T00:00:00Z" }))
      return spec("ruled1", { taints })(c)
    },
    refused: /It is not allowed to set TimeAdded of Taint/,
  },
  {
    name: "a binding of another name than its set's",
    as: "binder",
    write: (c) => c.create(MANAGED_CLUSTER_SET_BINDINGS, binding("two", "one")),
    refused: /must have the same name as the target ManagedClusterSet/,
  },
  {
    name: "a binding without the right",
    as: "writer",
    write: (c) => c.create(MANAGED_CLUSTER_SET_BINDINGS, binding("one", "one")),
    refused: /user "writer" is not allowed to bind cluster set "one"/,
  },
  { name: "a binding", as: "binder", write: (c) => c.create(MANAGED_CLUSTER_SET_BINDINGS, binding("one", "one")) },
  {
    name: "a work of nothing",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [])),
    refused: /Workload manifests should not be empty/,
  },
  {
    name: "a manifest without a name",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("")])),
    refused: /name must be set in manifest/,
  },
  {
    name: "a manifest whose name is to be generated",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("a", { generateName: "a-" })])),
    refused: /generateName must not be set in manifest/,
  },
  {
    name: "two manifests of one object",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("a"), config("a")])),
    refused: /manifests must not be duplicated/,
  },
  {
    name: "a name that leaves no room for its record",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w".repeat(189), [config("a")])),
    refused: /the name has 189 characters, want at most 188/,
  },
  {
    name: "too much",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [{ ...config("a"), data: { k: "x".repeat(600 * 1024) } }])),
    refused: /exceeds the 512000 limit/,
    only: "measured",
  },
  {
    name: "many manifests",
    as: "writer",
    write: (c) =>
      c.create(
        MANIFEST_WORKS,
        work(
          "many",
          Array.from({ length: 400 }, (_, i) => config(`c${i}`)),
        ),
      ),
  },
  {
    name: "a hundred manifests, each looked at beside each",
    as: "writer",
    write: (c) =>
      c.create(
        MANIFEST_WORKS,
        work(
          "hundred",
          Array.from({ length: 100 }, (_, i) => config(`c${i}`)),
        ),
      ),
  },
  {
    name: "an executor without the right",
    as: "writer",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("a")], executor("deployer"))),
    refused: /user writer cannot manipulate the Manifestwork with executor apps\/deployer in namespace ruled1/,
  },
  {
    name: "another executor than the right is for",
    as: "executor",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("a")], executor("admin"))),
    refused: /user executor cannot manipulate the Manifestwork with executor apps\/admin in namespace ruled1/,
  },
  {
    name: "an executor",
    as: "executor",
    write: (c) => c.create(MANIFEST_WORKS, work("w", [config("a")], executor("deployer"))),
  },
  {
    name: "other manifests for an executor that is there",
    as: "writer",
    write: (c) =>
      c.patch(
        MANIFEST_WORKS,
        { namespace: "ruled1", name: "w" },
        { merge: { spec: { workload: { manifests: [config("b")] } } } },
      ),
  },
]

/** The kinds are served and the rules in force; nothing else needs to run. */
export async function admissionRules({
  admin,
  as,
  measuresWorks,
  nowMs,
  eventually: wait = eventually,
}: AdmissionScene): Promise<void> {
  for (const [user, rules] of Object.entries(USERS)) {
    const metadata = { name: `ruled-${user}` }
    const head = { apiVersion: "rbac.authorization.k8s.io/v1", metadata }
    await admin.create(CLUSTER_ROLES, { ...head, kind: "ClusterRole", rules: [...rules] })
    await admin.create(CLUSTER_ROLE_BINDINGS, {
      ...head,
      kind: "ClusterRoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
    })
  }
  for (const name of ["ruled1", "apps"])
    await admin.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } })
  for (const name of ["default", "one"]) {
    await admin.apply(
      MANAGED_CLUSTER_SETS,
      {
        apiVersion: `${CLUSTER_GROUP}/v1beta2`,
        kind: "ManagedClusterSet",
        metadata: { name },
        spec: { clusterSelector: { selectorType: "ExclusiveClusterSetLabel" } },
      },
      { fieldManager: "test", force: true },
    )
  }
  // The server's authorizer and its policies take a moment to know what was written.
  await wait(async () => {
    const answer = await tryTo(() => as("executor").create(MANIFEST_WORKS, work("w", []), { dryRun: true }))
    assert.match(String(answer), /manifests should not be empty/)
  })
  for (const { name, as: user, write, refused, only } of CASES) {
    if (only === "measured" && !measuresWorks) continue
    const answer = await tryTo(() => write(as(user), formatTime(nowMs())))
    if (refused === undefined) assert.equal(answer, undefined, `${name}: ${answer}`)
    else assert.match(answer ?? "accepted", refused, name)
  }
  const { metadata } = await admin.get(MANAGED_CLUSTERS, { name: "ruled1" })
  assert.deepEqual(metadata.finalizers ?? [], [])
  await admin.delete(MANAGED_CLUSTERS, { name: "ruled1" })
  await admin.delete(NAMESPACES, { name: "ruled1" })
}

async function tryTo(write: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await write()
    return undefined
  } catch (error) {
    if (error instanceof StatusError) return error.message
    throw error
  }
}
