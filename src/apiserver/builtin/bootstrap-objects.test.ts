import assert from "node:assert/strict"
import { test } from "node:test"
import { bootstrapObjects } from "./bootstrap-objects.ts"

const named = (objects: readonly { kind: string; metadata: { name?: string } }[], kind: string) =>
  objects.filter((o) => o.kind === kind).map((o) => o.metadata.name)

test("bootstrapObjects: namespaces come first, so that what lives in them can be created", () => {
  const objects = bootstrapObjects({ caCertificate: "PEM" })
  assert.deepEqual(
    objects.slice(0, 4).map((o) => o.metadata.name),
    ["kube-system", "kube-public", "kube-node-lease", "default"],
  )
  assert.deepEqual(named(objects, "ConfigMap"), ["extension-apiserver-authentication"])
})

test("bootstrapObjects: built once, frozen, shared", () => {
  const [first, second] = [bootstrapObjects(), bootstrapObjects()]
  const role = first.find((o) => o.kind === "ClusterRole" && o.metadata.name === "view")!
  assert.equal(
    second.find((o) => o === role),
    role,
  )
  assert.throws(() => Object.assign(role.metadata, { name: "other" }), TypeError)
})

test("bootstrapObjects: without roles of controllers, those of people stay", () => {
  const roles = named(bootstrapObjects({ withoutControllerRoles: true }), "ClusterRole")
  for (const name of ["cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user"]) {
    assert.ok(roles.includes(name), name)
  }
  assert.ok(!roles.some((name) => name?.startsWith("system:controller:")))
})
