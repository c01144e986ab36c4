// The question that is put to a webhook, and what its answer must be. Source: k8s.io/apiserver admission/plugin/webhook/request.
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { describeRequest, type RequestDescription } from "#apiserver/admission/request-description.ts"

/** A request as one webhook is asked about it. */
export type Question = RequestDescription & {
  readonly uid: string
  readonly object: UnknownObject | undefined
  readonly oldObject: UnknownObject | undefined
}

const VERSIONS = ["v1", "v1beta1"]

/** @returns the first version of AdmissionReview that the webhook takes and that there is; undefined for none */
export function reviewVersionOf(accepted: readonly string[]): string | undefined {
  return accepted.find((version) => VERSIONS.includes(version))
}

export function admissionReview(version: string, question: Question): object {
  const { uid, object, oldObject } = question
  return {
    kind: "AdmissionReview",
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...describeRequest(question), object: object ?? null, oldObject: oldObject ?? null },
  }
}

export type Verdict = {
  readonly allowed: boolean
  /** metav1.Status of a refusal. */
  readonly result: JsonObject | undefined
  /** A JSONPatch as text, if that is what its type says. */
  readonly patch: string
  readonly patchType: string
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** @throws Error for an answer that is a review of another version than the question */
export function checkVersion(version: string, answer: JsonObject): void {
  const answered = VERSIONS.find((v) => v !== version && answer["apiVersion"] === `admission.k8s.io/${v}`)
  if (answered === undefined || answer["kind"] !== "AdmissionReview") return
  throw new Error(`converting (${answered}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`)
}

/** @throws Error that says what is wrong with the answer, as upstream has it */
export function readVerdict(version: string, uid: string, isMutating: boolean, review: JsonObject): Verdict {
  const response = review["response"]
  if (!isJsonObject(response)) throw new Error("webhook response was absent")
  const patch = Buffer.from(textOf(response["patch"]), "base64").toString()
  const patchType = response["patchType"] ?? undefined
  if (version === "v1") {
    const answered = textOf(response["uid"])
    if (answered !== uid)
      throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered)}`)
    checkType(review)
    checkPatch(isMutating, patch, patchType)
  }
  const { warnings, auditAnnotations } = response
  return {
    allowed: response["allowed"] === true,
    result: isJsonObject(response["status"]) ? response["status"] : undefined,
    patch: isMutating ? patch : "",
    patchType: version === "v1" ? textOf(patchType) : "JSONPatch",
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    auditAnnotations: isJsonObject(auditAnnotations) ? (auditAnnotations as Record<string, string>) : {},
  }
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "")

function checkType(review: JsonObject): void {
  const [apiVersion, kind] = [textOf(review["apiVersion"]), textOf(review["kind"])]
  if (apiVersion === "admission.k8s.io/v1" && kind === "AdmissionReview") return
  throw new Error(
    `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`,
  )
}

function checkPatch(isMutating: boolean, patch: string, patchType: unknown): void {
  if (!isMutating) {
    if (patch !== "") throw new Error("validating webhook may not return response.patch")
    if (patchType !== undefined) throw new Error("validating webhook may not return response.patchType")
    return
  }
  if (patch !== "" && patchType === undefined)
    throw new Error("webhook returned response.patch but not response.patchType")
  if (patch === "" && patchType !== undefined)
    throw new Error("webhook returned response.patchType but not response.patch")
  if (patchType === "") throw new Error('webhook returned invalid response.patchType of ""')
}
