// Which FlowSchema a request belongs to. Source: k8s.io/apiserver util/flowcontrol/rule.go.
import type { UnknownObject } from "#apimachinery/meta.ts"

export type FlowRequest = {
  readonly user: { readonly name: string; readonly groups: readonly string[] }
  readonly isResource: boolean
  readonly verb: string
  readonly path: string
  readonly group: string
  readonly namespace: string
  /** With its subresource: `pods/status`. */
  readonly resource: string
}

type Subject = {
  readonly kind?: string
  readonly user?: { readonly name?: string }
  readonly group?: { readonly name?: string }
  readonly serviceAccount?: { readonly namespace?: string; readonly name?: string }
}

type Rule = {
  readonly subjects?: readonly Subject[]
  readonly resourceRules?: readonly {
    readonly verbs?: readonly string[]
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly clusterScope?: boolean
    readonly namespaces?: readonly string[]
  }[]
  readonly nonResourceRules?: readonly {
    readonly verbs?: readonly string[]
    readonly nonResourceURLs?: readonly string[]
  }[]
}

type Spec = {
  readonly matchingPrecedence?: number
  readonly priorityLevelConfiguration?: { readonly name?: string }
  readonly rules?: readonly Rule[]
}

export const specOf = (schema: UnknownObject) => (schema["spec"] ?? {}) as Spec

/** The lowest precedence first, equals by name. */
export function inOrder(schemas: readonly UnknownObject[]): UnknownObject[] {
  return schemas.toSorted(
    (a, b) =>
      (specOf(a).matchingPrecedence ?? 0) - (specOf(b).matchingPrecedence ?? 0) ||
      ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1),
  )
}

/** @returns whether one of the schema's rules fits both who asks and what is asked */
export function matchesFlow(schema: UnknownObject, request: FlowRequest): boolean {
  return (specOf(schema).rules ?? []).some(
    (rule) =>
      (rule.subjects ?? []).some((subject) => matchesSubject(subject, request.user)) &&
      (request.isResource ? matchesResource(rule, request) : matchesPath(rule, request)),
  )
}

function matchesSubject({ kind, ...subject }: Subject, user: FlowRequest["user"]): boolean {
  if (kind === "User") return subject.user?.name === "*" || subject.user?.name === user.name
  if (kind === "Group") return subject.group?.name === "*" || user.groups.includes(subject.group?.name ?? "")
  if (kind !== "ServiceAccount") return false
  const { namespace = "", name = "" } = subject.serviceAccount ?? {}
  const prefix = `system:serviceaccount:${namespace}:`
  return name === "*" ? user.name.startsWith(prefix) : user.name === prefix + name
}

const has = (list: readonly string[] | undefined, value: string) =>
  list !== undefined && (list[0] === "*" || list.includes(value))

function matchesResource({ resourceRules = [] }: Rule, { verb, group, resource, namespace }: FlowRequest): boolean {
  return resourceRules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, group) &&
      has(rule.resources, resource) &&
      (namespace === "" ? rule.clusterScope === true : has(rule.namespaces, namespace)),
  )
}

function matchesPath({ nonResourceRules = [] }: Rule, { verb, path }: FlowRequest): boolean {
  return nonResourceRules.some(
    ({ verbs, nonResourceURLs = [] }) =>
      has(verbs, verb) &&
      nonResourceURLs.some(
        (url) => url === "*" || url === path || (url.endsWith("/*") && path.startsWith(url.slice(0, -1))),
      ),
  )
}
