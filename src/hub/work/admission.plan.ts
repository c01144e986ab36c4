import type { ManifestWork } from "#api/work/v1.ts"
import { WORK_BYTES_MAX, WORK_GROUP, WORK_NAME_LENGTH_MAX } from "#api/work/names.ts"
import { deepEqual } from "#apimachinery/json.ts"
import { badRequest, type StatusError } from "#apimachinery/status-error.ts"
import type { AdmissionQuestion } from "#runtime/admission.ts"

/**
 * Whether a work may be written: what it brings is complete, not too much, and who names an executor may act as it.
 * Source: OCM's validating webhook.
 */
export function checkManifestWork(question: AdmissionQuestion<ManifestWork>): StatusError | undefined {
  const { object, before } = question
  const manifests = object.spec?.workload?.manifests ?? []
  const { name = "" } = object.metadata
  if (before === undefined && name.length > WORK_NAME_LENGTH_MAX) {
    // Its record on the member is named by a hash, a dash and this.
    return badRequest(`the name has ${name.length} characters, want at most ${WORK_NAME_LENGTH_MAX}`)
  }
  if (manifests.length === 0) return badRequest("Workload manifests should not be empty")
  // A change of labels or finalizers does not bring other manifests: they are measured once.
  if (!deepEqual(manifests, before?.spec.workload?.manifests ?? [])) {
    const problem = manifestsProblem(manifests)
    if (problem !== undefined) return badRequest(problem)
  }
  return checkExecutor(question)
}

type Manifests = NonNullable<NonNullable<ManifestWork["spec"]["workload"]>["manifests"]>

function manifestsProblem(manifests: Manifests): string | undefined {
  const bytes = manifests.reduce((sum, manifest) => sum + Buffer.byteLength(JSON.stringify(manifest)), 0)
  if (bytes > WORK_BYTES_MAX) {
    return `the size of manifests is ${bytes} bytes which exceeds the ${WORK_BYTES_MAX} limit`
  }
  const seen = new Set<string>()
  for (const { apiVersion, kind, metadata } of manifests) {
    if (!metadata?.name) return "name must be set in manifest"
    if (metadata.generateName) return "generateName must not be set in manifest"
    const id = JSON.stringify([apiVersion, kind, metadata.namespace ?? "", metadata.name])
    if (seen.has(id)) {
      const key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name
      return `manifests must not be duplicated: there are two of ${apiVersion}, Kind=${kind} ${key}`
    }
    seen.add(id)
  }
  return undefined
}

/** A work without an executor is applied with the agent's own rights, which everybody who may write works can use. */
function checkExecutor({ object, before, user, mayUser }: AdmissionQuestion<ManifestWork>): StatusError | undefined {
  const executor = object.spec.executor
  if (executor === undefined || (before !== undefined && deepEqual(before.spec.executor, executor))) return undefined
  const account = executor.subject?.serviceAccount
  if (account === undefined) return badRequest("executor service account can not be nil")
  const { namespace = "" } = object.metadata
  const attributes = {
    group: WORK_GROUP,
    resource: "manifestworks",
    verb: "execute-as",
    namespace,
    name: `system:serviceaccount:${account.namespace}:${account.name}`,
  }
  if (mayUser(attributes)) return undefined
  return badRequest(
    `user ${user.name} cannot manipulate the Manifestwork with executor ${account.namespace}/${account.name} in namespace ${namespace}`,
  )
}
