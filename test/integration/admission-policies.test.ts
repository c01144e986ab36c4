// What a policy that only audits leaves in the audit log, and in the status of a policy that is written wrongly.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { VALIDATING_ADMISSION_POLICIES } from "#api/kubernetes/admissionregistration.ts"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { parseAuditPolicy } from "#apiserver/audit/policy.ts"
import { ensureServerPki } from "#apiserver/authentication/server-pki.ts"
import { memoryStorage } from "#apiserver/storage/memory-storage.ts"
import { newEmbeddedServer, startHubServer, type EmbeddedServer } from "#controlplane/embedded-server.ts"
import { realClock } from "#lib/clock.ts"
import { silentLog } from "#lib/log.ts"
import { realRandom } from "#lib/random.ts"
import { eventually } from "../support/eventually.ts"

const ending = new AbortController()
const lines: string[] = []
let server: EmbeddedServer

before(async () => {
  const { pki } = ensureServerPki({ existing: {}, serverNames: [], clock: realClock, random: realRandom })
  const policy = parseAuditPolicy("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}")
  const runtime = { clock: realClock, random: realRandom, log: silentLog, signal: ending.signal }
  server = await newEmbeddedServer(runtime, {
    storage: memoryStorage(),
    pki,
    issuer: "https://127.0.0.1",
    audit: { policy, sink: { write: (line) => void lines.push(line) } },
  })
  startHubServer(runtime, server)
})
after(() => ending.abort())

const CONFIG_MAP_RULE = { apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE"] }

async function bind(name: string, spec: object, validationActions: readonly string[]): Promise<void> {
  const object = (kind: string, of: object): UnknownObject => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name },
    spec: of,
  })
  await server.client.create(
    VALIDATING_ADMISSION_POLICIES,
    object("ValidatingAdmissionPolicy", { matchConstraints: { resourceRules: [CONFIG_MAP_RULE] }, ...spec }),
  )
  const bindings = {
    ...VALIDATING_ADMISSION_POLICIES,
    resource: "validatingadmissionpolicybindings",
    kind: "ValidatingAdmissionPolicyBinding",
  }
  const bound = object("ValidatingAdmissionPolicyBinding", { policyName: name, validationActions })
  await server.client.create(bindings as typeof VALIDATING_ADMISSION_POLICIES, bound)
}

test("failures that are only audited, and annotations, are in the audit log", async () => {
  await bind(
    "audited",
    {
      validations: [{ expression: "true" }, { expression: "object.metadata.name != 'watched'", message: "is watched" }],
      auditAnnotations: [{ key: "name", valueExpression: "'called ' + object.metadata.name" }],
    },
    ["Audit"],
  )
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "watched", namespace: "default" } }
  await server.client.create(CONFIG_MAPS, map)
  const records = lines.map((line) => JSON.parse(line) as { verb: string; annotations?: Record<string, string> })
  const annotations = records.findLast(({ verb, annotations: found }) => verb === "create" && found)?.annotations ?? {}
  assert.equal(annotations["audited/name"], "called watched")
  assert.deepEqual(JSON.parse(annotations["validation.policy.admission.k8s.io/validation_failure"] ?? "null"), [
    {
      message: "is watched",
      policy: "audited",
      binding: "audited",
      expressionIndex: 1,
      validationActions: ["Audit"],
    },
  ])
})

test("a policy's status tells what its expressions do not find", async () => {
  await bind("typed", { validations: [{ expression: "object.datas == null" }] }, ["Deny"])
  const policy = await eventually(async () => {
    const found = await server.client.get(VALIDATING_ADMISSION_POLICIES, { name: "typed" })
    assert.equal(found.status?.observedGeneration, 1)
    return found
  })
  const [warning, ...more] = policy.status?.typeChecking?.expressionWarnings ?? []
  assert.deepEqual(more, [])
  assert.equal(warning?.fieldRef, "spec.validations[0].expression")
  assert.match(warning.warning, /^\/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'datas'/)
})
