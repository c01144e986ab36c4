/** Who asks. Source: k8s.io/apiserver authentication/user.Info. */
export type UserInfo = {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Bypasses authorization. */
export const GROUP_MASTERS = "system:masters"
export const GROUP_AUTHENTICATED = "system:authenticated"
export const GROUP_UNAUTHENTICATED = "system:unauthenticated"

export const ANONYMOUS: UserInfo = { name: "system:anonymous", groups: [GROUP_UNAUTHENTICATED] }

/** What the server's own controllers act as. */
export const LOOPBACK: UserInfo = { name: "system:apiserver", groups: [GROUP_MASTERS, GROUP_AUTHENTICATED] }

/** The user as one who has proved to be it: with the group of all such users, unless the groups settle that already. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const isSettled =
    user.name === ANONYMOUS.name ||
    user.groups.some((group) => group === GROUP_AUTHENTICATED || group === GROUP_UNAUTHENTICATED)
  return isSettled ? user : { ...user, groups: [...user.groups, GROUP_AUTHENTICATED] }
}
