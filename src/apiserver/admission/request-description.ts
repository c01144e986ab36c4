// What is told of a request apart from its objects, to webhooks and to expressions. Source: k8s.io/apiserver
// admission/plugin/webhook/request/admissionreview.go, admission/plugin/cel/condition.go.
import type { JsonObject } from "#apimachinery/json.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import type { Kind } from "./matching.ts"

export type Resource = { readonly group: string; readonly version: string; readonly resource: string }

export type RequestDescription = {
  /** In the version in which it is seen. */
  readonly kind: Kind
  readonly resource: Resource
  readonly subresource: string
  /** As the client asked. */
  readonly requestKind: Kind
  readonly requestResource: Resource
  readonly name: string
  readonly namespace: string
  readonly operation: string
  readonly user: UserInfo
  readonly options: object | undefined
  readonly dryRun: boolean
}

/** The fields of an admission.k8s.io AdmissionRequest; what is empty is left out. */
export function describeRequest(request: RequestDescription): JsonObject {
  const { kind, resource, subresource, requestKind, requestResource, name, namespace, user } = request
  return {
    kind,
    resource,
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind,
    requestResource,
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation: request.operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined || user.uid === "" ? {} : { uid: user.uid }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
    },
    dryRun: request.dryRun,
    options: request.options ?? null,
  }
}

export const groupVersionResource = ({ group, version, resource }: Resource): Resource => ({ group, version, resource })
