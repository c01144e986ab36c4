import type { Clock } from "#lib/clock.ts"
import { readBody } from "#lib/http.ts"
import { pathOf } from "#apimachinery/gvk.ts"
import type { SubjectAccessReview } from "#api/kubernetes/authorization.ts"
import { SUBJECT_ACCESS_REVIEWS } from "#api/kubernetes/authorization.ts"
import type { ManifestWork } from "#api/work/v1.ts"
import type { KubeClient } from "#kube/client.ts"
import type { PreparedManifest } from "./manifests.ts"
import { targetKey } from "./manifests.ts"
import { versionOf } from "./work-state.ts"

/** The executor may not do what the manifest asks for. */
export class ExecutorRefusal extends Error {
  override readonly name = "ExecutorRefusal"
  readonly retryMs: number

  constructor(message: string, retryMs: number) {
    super(retryMs > 0 ? `${message}, will try again in ${RETRY_TEXT}` : message)
    this.retryMs = retryMs
  }
}

const RETRY_MS = 60_000
/** As Go prints a minute. */
const RETRY_TEXT = "1m0s"

/** An answer holds as long as the net of the work controller is wide; a change of RBAC is seen by then. */
const ALLOWED_MS = 5 * 60_000

const RBAC_KINDS = new Set(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"])

/**
 * Lets a work do on the member only what its executor may. Without one, what the agent may.
 * Source: OCM pkg/work/spoke/auth/basic.
 */
export class Executors {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #allowed = new Map<string, { readonly key: string; readonly untilMs: number }>()

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** @throws ExecutorRefusal, or what the member answered to the question */
  async check(work: ManifestWork, manifest: PreparedManifest, signal: AbortSignal): Promise<void> {
    const { executor } = work.spec
    if (executor === undefined || manifest.target === undefined) return
    const { type, serviceAccount } = executor.subject ?? {}
    if (type !== "ServiceAccount") throw new ExecutorRefusal("only support ServiceAccount type for the executor", 0)
    if (serviceAccount === undefined) throw new ExecutorRefusal("the executor service account is nil", 0)
    const user = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`
    const slot = `${work.metadata.name}/${targetKey(manifest.target)}`
    const key = `${versionOf(work)} ${user}`
    const known = this.#allowed.get(slot)
    if (known?.key === key && known.untilMs > this.#clock.nowMs()) return
    await this.#review(manifest, user, serviceAccount.namespace, signal)
    await this.#checkEscalation(manifest, user, signal)
    this.#allowed.set(slot, { key, untilMs: this.#clock.nowMs() + ALLOWED_MS })
  }

  forget(work: string): void {
    for (const slot of this.#allowed.keys()) if (slot.startsWith(`${work}/`)) this.#allowed.delete(slot)
  }

  async #review({ meta, owned }: PreparedManifest, user: string, namespace: string, signal: AbortSignal) {
    const { group = "", version = "", resource = "", name = "", namespace: objectNamespace = "" } = meta
    const groups = ["system:serviceaccounts", "system:authenticated", `system:serviceaccounts:${namespace}`]
    const verbs = ["create", "update", "patch", "get", ...(owned ? ["delete"] : [])]
    const answers = await Promise.all(
      verbs.map((verb) => {
        const resourceAttributes = { group, version, resource, name, namespace: objectNamespace, verb }
        const review: SubjectAccessReview = {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          metadata: {},
          spec: { resourceAttributes, user, groups },
        }
        return this.#client.create(SUBJECT_ACCESS_REVIEWS, review, { signal })
      }),
    )
    if (answers.every((answer) => answer.status?.allowed === true)) return
    const what = `${group} ${resource}, ${objectNamespace} ${name}`
    throw new ExecutorRefusal(`not allowed to apply the resource ${what}`, RETRY_MS)
  }

  /** Reviews know nothing of privilege escalation: the member is asked by a rehearsal in the executor's name. */
  async #checkEscalation({ meta, target, object }: PreparedManifest, user: string, signal: AbortSignal) {
    if (meta.group !== "rbac.authorization.k8s.io" || !RBAC_KINDS.has(meta.kind ?? "")) return
    const path = `${pathOf(target!.type, { namespace: target!.namespace })}?dryRun=All`
    const headers = { "impersonate-user": user }
    const answer = await this.#client.raw("POST", path, { body: object, headers, signal })
    const text = Buffer.from(await readBody(answer.body)).toString()
    // AlreadyExists comes after the check for escalation.
    if (answer.status < 300 || answer.status === 409) return
    if (answer.status === 403) {
      const what = `${meta.group} ${meta.resource}, ${meta.namespace} ${meta.name}`
      throw new ExecutorRefusal(`not allowed to apply the resource ${what}, error: permission escalation`, RETRY_MS)
    }
    throw new Error(`Cannot rehearse ${meta.kind} "${meta.name}" as ${user}: status ${answer.status}, ${text}`)
  }
}
