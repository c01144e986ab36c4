// Access reviews of authorization.k8s.io: created, answered, not stored.
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"

export type ResourceAttributes = {
  verb?: string
  group?: string
  version?: string
  resource?: string
  subresource?: string
  namespace?: string
  name?: string
}

export type SubjectAccessReview = KubeObject & {
  spec: {
    resourceAttributes?: ResourceAttributes
    nonResourceAttributes?: { path?: string; verb?: string }
    user?: string
    uid?: string
    groups?: string[]
    extra?: Record<string, string[]>
  }
  status?: { allowed: boolean; denied?: boolean; reason?: string; evaluationError?: string }
}

export const SUBJECT_ACCESS_REVIEWS: ResourceType<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
  kind: "SubjectAccessReview",
  namespaced: false,
}
