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
