// What works tell of their objects, and in whose name they are applied.
import assert from "node:assert/strict"
import { PERSISTENT_VOLUME_CLAIMS, SERVICE_ACCOUNTS } from "#api/kubernetes/core.ts"
import { CLUSTER_ROLE_BINDINGS } from "#api/kubernetes/rbac.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { definition, manifestsOf, type Case } from "./works-scene.ts"

export function telling(on: Case): void {
  on("18: Available means that it exists, Healthy how it fares", async (s) => {
    const claim: UnknownObject = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { namespace: s.namespace, name: "c" },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } } },
    }
    await s.say([s.configMap("a", {}), claim], {
      manifestConfigs: [
        {
          resourceIdentifier: { group: "", resource: "persistentvolumeclaims", namespace: s.namespace, name: "c" },
          feedbackRules: [{ type: "WellKnownStatus" }],
        },
      ],
    })
    await s.is("Available", "True")
    const work = await s.is("Healthy", "False")
    assert.deepEqual(
      manifestsOf(work, "Healthy").map((text) => text.split(":")[0]),
      ["True Current", "False InProgress"],
    )
    const merge = { status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } } }
    const key = { namespace: s.namespace, name: "c" }
    await s.member.patch(PERSISTENT_VOLUME_CLAIMS, key, { merge } as never, { subresource: "status" })
    await s.eventually(async () => {
      const values = (await s.work())?.status?.resourceStatus?.manifests?.[1]?.statusFeedback?.values
      assert.deepEqual(
        values?.map(({ fieldValue }) => fieldValue.string),
        ["Bound", "1Gi"],
      )
    })
  })

  on("22: feedback takes the first hit, whole numbers, text and truth; what it cannot tell is told", async (s) => {
    const group = `${s.namespace}.example.com`
    const spec = { list: [{ n: 7 }, { n: 8 }], whole: 3, part: 0.5, text: "x", truth: true }
    const paths = { first: ".spec.list[*].n", whole: ".spec.whole", text: ".spec.text", truth: ".spec.truth" }
    const jsonPaths = [...Object.entries(paths), ["part", ".spec.part"], ["none", ".spec.none"], ["map", ".spec"]]
    await s.say(
      [
        definition(group),
        { apiVersion: `${group}/v1`, kind: "Thing", metadata: { namespace: s.namespace, name: "t" }, spec },
      ],
      {
        manifestConfigs: [
          {
            resourceIdentifier: { group, resource: "things", namespace: "*", name: "t*" },
            feedbackRules: [
              { type: "JSONPaths", jsonPaths: jsonPaths.map(([name, path]) => ({ name: name!, path: path! })) },
            ],
          },
        ],
      },
    )
    const work = await s.is("Applied", "True")
    const { statusFeedback } = work.status?.resourceStatus?.manifests?.[1] ?? {}
    assert.deepEqual(
      statusFeedback?.values?.map(({ name, fieldValue: { type, integer, string, boolean } }) => [
        `${name} ${type}`,
        integer ?? string ?? boolean,
      ]),
      [
        ["first Integer", 7],
        ["whole Integer", 3],
        ["text String", "x"],
        ["truth Boolean", true],
      ],
    )
    const synced = manifestsOf(work, "StatusFeedbackSynced")[1]!
    assert.match(synced, /^False StatusFeedbackSyncFailed: .*float64.*part.*map\[string\]interface \{\}/s)
  })

  on("23: Complete freezes an object; Progressing is True as long as any manifest's is", async (s) => {
    const rule = (condition: string, expression: string) => ({
      type: "CEL" as const,
      condition,
      celExpressions: [expression],
    })
    const rules = [rule("Progressing", "object.data.k == '1'"), rule("Complete", "has(object.data.done)")]
    const manifests = (a: Record<string, string>, b: Record<string, string>) => ({
      workload: { manifests: [s.configMap("a", a), s.configMap("b", b)] },
    })
    await s.say(manifests({ k: "1" }, { k: "2" }).workload.manifests, {
      manifestConfigs: [s.config("*", { conditionRules: rules })],
    })
    const work = await s.is("Progressing", "True")
    assert.deepEqual(
      manifestsOf(work, "Progressing").map((text) => text.split(":")[0]),
      ["True ConditionRuleEvaluated", "False ConditionRuleEvaluated"],
    )
    await s.is("Complete", "False")
    await s.change(manifests({ k: "1", done: "yes" }, { k: "2" }))
    await s.eventually(async () => assert.match(manifestsOf(await s.work(), "Complete")[0]!, /^True/))
    await s.change(manifests({ k: "3", done: "yes" }, { k: "3" }))
    await s.holds("b", { k: "3" })
    assert.deepEqual(await s.data("a"), { k: "1", done: "yes" }, "an object that is complete")
    await s.change(manifests({ k: "3", done: "yes" }, { k: "4", done: "yes" }))
    await s.is("Complete", "True")
    await s.edit("b", { data: { k: "edited" } })
    const later = `${s.namespace}-later`
    await s.say([s.configMap("c", {})], {}, later)
    await s.is("Applied", "True", later)
    assert.deepEqual(await s.data("b"), { k: "edited", done: "yes" }, "a work that is complete")
  })
}

export function executing(on: Case): void {
  on("the executor: a work does what its service account may, and says what it may not", async (s) => {
    const account = { namespace: s.namespace, name: "deployer" }
    await s.member.create(SERVICE_ACCOUNTS, { apiVersion: "v1", kind: "ServiceAccount", metadata: account })
    const executor = { subject: { type: "ServiceAccount" as const, serviceAccount: account } }
    const refused = `${s.namespace}-refused`
    await s.say([s.configMap("a", {})], { executor }, refused)
    const work = await s.is("Applied", "False", refused)
    assert.equal(
      manifestsOf(work, "Applied")[0],
      `False AppliedManifestFailed: Failed to apply manifest: not allowed to apply the resource  configmaps, ${s.namespace} a, will try again in 1m0s`,
    )
    assert.equal(await s.get("a"), undefined)
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] },
      {
        apiGroups: ["rbac.authorization.k8s.io"],
        resources: ["roles"],
        verbs: ["get", "create", "update", "patch", "delete"],
      },
    ]
    const rbac = (kind: string, more: object): UnknownObject => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind,
      metadata: { name: s.namespace },
      ...more,
    })
    // Another work brings the rights, which is how people do it.
    await s.say(
      [
        rbac("ClusterRole", { rules }),
        rbac("ClusterRoleBinding", {
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: s.namespace },
          subjects: [{ kind: "ServiceAccount", ...account }],
        }),
      ],
      {},
      `${s.namespace}-rights`,
    )
    await s.is("Applied", "True", `${s.namespace}-rights`)
    await s.eventually(() => s.member.get(CLUSTER_ROLE_BINDINGS, { name: s.namespace }))
    const role = (name: string, resources: string[]): UnknownObject => ({
      ...rbac("Role", { rules: [{ apiGroups: [""], resources, verbs: ["get"] }] }),
      metadata: { namespace: s.namespace, name },
    })
    await s.say([s.configMap("b", {}), role("own", ["configmaps"]), role("more", ["secrets"])], { executor })
    const allowed = await s.is("Applied", "False")
    const [b, own, more] = manifestsOf(allowed, "Applied")
    assert.match(b!, /^True/)
    assert.match(own!, /^True/)
    assert.match(more!, /^False .* more, error: permission escalation, will try again in 1m0s$/)
  })
}
