import type { ObjectMeta, UnknownObject } from "#apimachinery/meta.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"
import { findObject, listIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"

/** An object that is answered and not stored, in the order in which its fields are printed. */
export function answer(group: string, kind: string, metadata: ObjectMeta, fields: object): UnknownObject {
  return { kind, apiVersion: `${group}/v1`, metadata, ...fields }
}

/** The texts in a list. */
export function textsIn(parent: unknown, field: string): string[] {
  return listIn(parent, field).filter((text) => typeof text === "string")
}

export function extraIn(spec: Json): Record<string, string[]> | undefined {
  const extra = findObject(spec, "extra")
  return extra === undefined
    ? undefined
    : Object.fromEntries(Object.keys(extra).map((key) => [key, textsIn(extra, key)]))
}

/** Without the lists that have nothing in them. */
export function nonEmpty(lists: Record<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}

/** authentication.k8s.io UserInfo. */
export function userInfoOf(user: UserInfo): Record<string, unknown> {
  const { name, uid = "", groups, extra = {} } = user
  return {
    ...(name === "" ? {} : { username: name }),
    ...(uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}
