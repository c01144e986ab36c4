import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { serviceAccountUser } from "#apiserver/authentication/service-account.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

const RBAC = "rbac.authorization.k8s.io"
const CLUSTER_ROLE_BINDINGS = { group: RBAC, resource: "clusterrolebindings" }
const ROLE_BINDINGS = { group: RBAC, resource: "rolebindings" }

export type RoleRef = { readonly kind: string; readonly name: string }

/** One subject of one binding. */
export type Grant = {
  readonly binding: UnknownObject
  readonly roleRef: RoleRef
  /** As it stands in the binding. */
  readonly subject: { readonly kind: string; readonly name: string; readonly namespace?: string }
}

/**
 * Who is bound to what. By subject, so that a request looks only at bindings that concern its user, however many
 * clusters with bindings of their own there are.
 */
export interface BindingIndex {
  /** @param namespace  "": those of ClusterRoleBindings */
  grantsFor(user: UserInfo, namespace: string): Grant[]
}

export function newBindingIndex(reader: ObjectReader): BindingIndex {
  const cluster = newFollower(reader, CLUSTER_ROLE_BINDINGS)
  const namespaced = newFollower(reader, ROLE_BINDINGS)
  return {
    grantsFor: (user, namespace) => (namespace === "" ? cluster : namespaced).grantsFor(user, namespace),
  }
}

/**
 * Keeps the index of one resource. Changes are put in one by one as they are told; when the version says that
 * something changed that was not told, everything is read again.
 */
function newFollower(reader: ObjectReader, resource: { group: string; resource: string }): BindingIndex {
  let index = newGrantTable()
  let version: number | undefined

  reader.onChange((changes) => {
    if (version === undefined) return // nobody has asked yet
    let concerned = false
    for (const { resource: changed, object } of changes) {
      const { storage } = changed
      if (storage.group !== resource.group || storage.resource !== resource.resource) continue
      concerned = true
      const { namespace = "", name = "" } = object.metadata
      // What is read now is at least as new as what was told, and never goes back.
      index.put(namespace, name, reader.get(resource, namespace, name))
    }
    if (concerned) version = reader.version(resource)
  })

  return {
    grantsFor(user, namespace) {
      const current = reader.version(resource)
      if (version !== current) {
        index = newGrantTable()
        for (const object of reader.list(resource)) {
          index.put(object.metadata.namespace ?? "", object.metadata.name ?? "", object)
        }
        version = current
      }
      return index.find(user, namespace)
    },
  }
}

/** Grants of one namespace by subject, and which of them came from which binding. */
type NamespaceGrants = { readonly bySubject: Map<string, Grant[]>; readonly byBinding: Map<string, UnknownObject> }

function newGrantTable() {
  const namespaces = new Map<string, NamespaceGrants>()

  const remove = (grants: NamespaceGrants, name: string) => {
    const old = grants.byBinding.get(name)
    if (old === undefined) return
    grants.byBinding.delete(name)
    for (const [key] of readGrants(old)) {
      const left = (grants.bySubject.get(key) ?? []).filter((grant) => grant.binding !== old)
      if (left.length === 0) grants.bySubject.delete(key)
      else grants.bySubject.set(key, left)
    }
  }

  return {
    put(namespace: string, name: string, binding: UnknownObject | undefined): void {
      let grants = namespaces.get(namespace)
      if (grants !== undefined) remove(grants, name)
      if (binding === undefined) {
        if (grants?.byBinding.size === 0) namespaces.delete(namespace)
        return
      }
      if (grants === undefined) namespaces.set(namespace, (grants = { bySubject: new Map(), byBinding: new Map() }))
      grants.byBinding.set(name, binding)
      for (const [key, grant] of readGrants(binding)) {
        const list = grants.bySubject.get(key)
        if (list === undefined) grants.bySubject.set(key, [grant])
        else list.push(grant)
      }
    },
    find(user: UserInfo, namespace: string): Grant[] {
      const bySubject = namespaces.get(namespace)?.bySubject
      if (bySubject === undefined) return []
      const found = [...(bySubject.get(userKey(user.name)) ?? [])]
      for (const group of user.groups) found.push(...(bySubject.get(groupKey(group)) ?? []))
      return found
    },
  }
}

const userKey = (name: string) => `u:${name}`
const groupKey = (name: string) => `g:${name}`

function readGrants(binding: UnknownObject): [string, Grant][] {
  const { roleRef, subjects } = binding as { roleRef?: RoleRef; subjects?: unknown }
  if (roleRef === undefined || !Array.isArray(subjects)) return []
  return (subjects as Grant["subject"][]).flatMap((subject): [string, Grant][] => {
    const key = subjectKey(subject, binding.metadata.namespace)
    return key === undefined ? [] : [[key, { binding, roleRef, subject }]]
  })
}

function subjectKey(subject: Grant["subject"], bindingNamespace: string | undefined): string | undefined {
  if (typeof subject.name !== "string" || subject.name === "") return undefined
  switch (subject.kind) {
    case "User":
      return userKey(subject.name)
    case "Group":
      return groupKey(subject.name)
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace
      return namespace === undefined ? undefined : userKey(serviceAccountUser(namespace, subject.name))
    }
    default:
      return undefined
  }
}
