import assert from "node:assert/strict"
import { test } from "node:test"
import type { RoleBinding } from "#api/kubernetes/rbac.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { hubManifests } from "./hub-manifests.ts"
import { memberManifests } from "./member-manifests.ts"

const idOf = ({ kind, metadata }: KubeObject) => [kind, metadata.namespace, metadata.name].filter(Boolean).join(" ")

for (const { name, objects } of [
  { name: "hub", objects: hubManifests({ clusterInfo: { server: "https://hub", ca: "PEM" } }) },
  { name: "member", objects: memberManifests() },
  { name: "member with aggregated rights", objects: memberManifests({ execution: "aggregated" }) },
]) {
  test(`${name}: no object twice, CRDs first, a namespace before what is in it`, () => {
    const ids = objects.map(idOf)
    assert.equal(new Set(ids).size, ids.length)
    const lastCrd = objects.findLastIndex((o) => o.kind === "CustomResourceDefinition")
    assert.ok(objects.slice(0, lastCrd + 1).every((o) => o.kind === "CustomResourceDefinition"))
    for (const [at, { metadata }] of objects.entries()) {
      if (metadata.namespace === undefined || metadata.namespace.startsWith("kube-")) continue
      const home = ids.indexOf(`Namespace ${metadata.namespace}`)
      assert.ok(home >= 0 && home < at, `${ids[at]} comes before its namespace`)
    }
  })

  test(`${name}: bindings lead to roles and service accounts of the installation`, () => {
    const ids = new Set(objects.map(idOf))
    for (const object of objects.filter((o) => o.kind.endsWith("RoleBinding")) as RoleBinding[]) {
      const { kind, name: role } = object.roleRef
      const isBuiltIn = role === "admin" || role === "cluster-admin"
      const id = kind === "Role" ? `Role ${object.metadata.namespace} ${role}` : `ClusterRole ${role}`
      assert.ok(isBuiltIn || ids.has(id), `${idOf(object)} binds ${id}`)
      for (const subject of object.subjects ?? []) {
        if (subject.kind === "ServiceAccount")
          assert.ok(ids.has(`ServiceAccount ${subject.namespace} ${subject.name}`), `${idOf(object)}: ${subject.name}`)
      }
    }
  })
}

test("hub: the names that OCM's programs look for", () => {
  const ids = hubManifests().map(idOf)
  for (const id of [
    "Namespace open-cluster-management",
    "Namespace open-cluster-management-hub",
    "ServiceAccount open-cluster-management agent-registration-bootstrap",
    "ClusterRole open-cluster-management:bootstrap",
    "ClusterRoleBinding open-cluster-management:bootstrap:agent-registration",
    "ClusterRoleBinding open-cluster-management:bootstrap:managedcluster",
  ])
    assert.ok(ids.includes(id), id)
})

test("hub: cluster-info is there only for a hub whose address is known, and holds no credential", () => {
  const isInfo = (o: KubeObject) => o.metadata.name === "cluster-info"
  assert.equal(hubManifests().some(isInfo), false)
  const info = hubManifests({ clusterInfo: { server: "https://hub:6443", ca: "PEM" } }).find(isInfo)
  const { kubeconfig } = (info as unknown as { data: { kubeconfig: string } }).data
  assert.match(kubeconfig, /server: https:\/\/hub:6443/)
  assert.match(kubeconfig, /certificate-authority-data: UEVN/)
  assert.match(kubeconfig, /users: \[\]/)
})
