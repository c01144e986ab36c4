import assert from "node:assert/strict"
import { test } from "node:test"
import type { ApiService } from "#api/kubernetes/apiregistration.ts"
import type { Action } from "#runtime/plan.ts"
import { planRegistration, type OwnVersion } from "./registration.plan.ts"

const core: OwnVersion = { group: "", version: "v1", groupPriority: 18_000, versionPriority: 1, isCustom: false }
const widgets: OwnVersion = {
  group: "example.com",
  version: "v1",
  groupPriority: 1000,
  versionPriority: 100,
  isCustom: true,
}

function planned(own: readonly OwnVersion[], present: readonly ApiService[]): readonly Action[] {
  const [together] = planRegistration(own, present).actions
  return together?.do === "together" ? together.actions : []
}
const made = (own: readonly OwnVersion[]) =>
  planned(own, []).map((action) => (action.do === "create" ? (action.object as ApiService) : assert.fail()))

test("each group version has one, and it says where it comes from", () => {
  const [v1, custom] = made([core, widgets])
  assert.deepEqual(v1?.spec, { version: "v1", groupPriorityMinimum: 18_000, versionPriority: 1 })
  assert.equal(v1?.metadata.name, "v1.")
  assert.deepEqual(custom?.metadata, {
    name: "v1.example.com",
    labels: { "kube-aggregator.kubernetes.io/automanaged": "true" },
  })
  assert.deepEqual(planned([core, widgets], made([core, widgets])), [])
})

test("with its definition it goes; a built-in one stays", () => {
  const actions = planned([], made([core, widgets]))
  assert.deepEqual(
    actions.map((action) => (action.do === "delete" ? action.key.name : action.do)),
    ["v1.example.com"],
  )
})

test("one that was changed is put right; one that somebody made to take its place stays", () => {
  const [service] = made([widgets])
  const changed = { ...service!, spec: { ...service!.spec, versionPriority: 1 } }
  const [update] = planned([widgets], [changed])
  assert.equal(update?.do === "update" && (update.object as ApiService).spec.versionPriority, 100)
  const taken = {
    ...service!,
    metadata: { name: "v1.example.com" },
    spec: { ...service!.spec, service: { namespace: "a", name: "b" } },
  }
  assert.deepEqual(planned([widgets], [taken]), [])
  assert.deepEqual(planned([], [taken]), [])
})
