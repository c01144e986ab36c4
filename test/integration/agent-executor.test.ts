import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { newCertificateAuthority } from "#lib/x509/authority.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { MANIFEST_WORKS } from "#api/work/v1.ts"
import { conditionOf, getConfigMap, getWork, isApplied, newWorkScene, work } from "./agent-work-scene.ts"
import { configMap, realSecurity } from "./agent-world.ts"
import type { World } from "./agent-world.ts"

const SUBJECT = { kind: "ServiceAccount", namespace: "default", name: "deployer" }
const executor = {
  subject: { type: "ServiceAccount" as const, serviceAccount: { namespace: SUBJECT.namespace, name: SUBJECT.name } },
}
const rbac = (kind: string, name: string, more: object, namespace?: string): UnknownObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...more,
})
/** Lets the executor do everything with config maps and roles, of which escalation is not part. */
const GRANTS = [
  rbac("ClusterRole", "deployer", {
    rules: [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] },
      {
        apiGroups: ["rbac.authorization.k8s.io"],
        resources: ["roles"],
        verbs: ["create", "update", "patch", "get", "delete"],
      },
    ],
  }),
  rbac("ClusterRoleBinding", "deployer", {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "deployer" },
    subjects: [SUBJECT],
  }),
]
const role = (resources: string[]) =>
  rbac("Role", "made", { rules: [{ apiGroups: [""], resources, verbs: ["get"] }] }, "default")

const secureMember = (world: World) =>
  realSecurity(world, newCertificateAuthority({ commonName: "member", clock: world.clock, random: seededRandom(4) }))

test("an executor without rights is refused, and the work is applied a minute after it was given them", async (t) => {
  const scene = await newWorkScene(t, { secureMember })
  await scene.hub.admin.create(MANIFEST_WORKS, work("w", [configMap("a", {})], { executor }))
  await scene.until(async () => conditionOf(await getWork(scene, "w"), "Applied")?.status === "False")
  const applied = (await getWork(scene, "w"))?.status?.resourceStatus?.manifests?.[0]?.conditions[0]
  assert.equal(
    applied?.message,
    "Failed to apply manifest: not allowed to apply the resource  configmaps, default a, will try again in 1m0s",
  )
  assert.equal(await getConfigMap(scene, "a"), undefined)
  await scene.member.server.bootstrap(GRANTS)
  await scene.world.clock.advance(60_000)
  await scene.until(isApplied(scene, "w"))
  assert.ok(await getConfigMap(scene, "a"))
})

test("an executor cannot give away rights that it does not have", async (t) => {
  const scene = await newWorkScene(t, { secureMember })
  await scene.member.server.bootstrap(GRANTS)
  await scene.hub.admin.create(MANIFEST_WORKS, work("own", [role(["configmaps"])], { executor }))
  await scene.until(isApplied(scene, "own"))
  await scene.hub.admin.create(MANIFEST_WORKS, work("others", [role(["secrets"])], { executor }))
  await scene.until(async () => conditionOf(await getWork(scene, "others"), "Applied")?.status === "False")
  const applied = (await getWork(scene, "others"))?.status?.resourceStatus?.manifests?.[0]?.conditions[0]
  assert.match(applied!.message, /default made, error: permission escalation, will try again in 1m0s$/)
})
