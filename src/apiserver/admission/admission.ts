import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT"

/** What an admission plug-in is asked about. */
export type AdmissionRequest = {
  readonly operation: Operation
  readonly resource: ResourceInfo
  /** "" for the object itself. */
  readonly subresource: string
  /** "" for a cluster-scoped object. */
  readonly namespace: string
  /** "" while a generated name is still to come. */
  readonly name: string
  /** What is to be written, a private copy; absent for DELETE. */
  readonly object?: UnknownObject
  /** What is stored; absent for CREATE. Shared: never change it. */
  readonly before?: UnknownObject
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly nowMs: number
  /** Sends a Warning header. */
  readonly warn: (text: string) => void
  /** Records something beside the request in the audit log. */
  readonly annotate?: ((key: string, value: string) => void) | undefined
  /** metav1.CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, as the client gave them. */
  readonly options?: (() => object) | undefined
  /** The server has made up the name of the object: it has been given a prefix only. */
  readonly isNameGenerated?: boolean | undefined
}

/** What the plug-ins of one request share: those that change the object may want those before them to look again. */
export type Rounds = {
  /** 0, then 1 for a second time. There is no third. */
  readonly round: number
  /** Set by who wants the second round. */
  again: boolean
  /** What a plug-in remembers from the first round. */
  readonly notes: Map<string, unknown>
}

/**
 * One check between authorization and storage. All `mutate` run before the object is validated, all `validate` after it, in
 * the order of the list. Either refuses by throwing a StatusError. Both may be called again for the same request when
 * somebody else wrote in between.
 */
export type AdmissionPlugin = {
  readonly name: string
  /** Changes `request.object` in place. Not called without one, unless the plug-in asks for it. */
  readonly mutate?: (request: AdmissionRequest, rounds: Rounds) => void | Promise<void>
  /** `mutate` is called for DELETE as well. */
  readonly mutatesWithoutObject?: boolean
  readonly validate?: (request: AdmissionRequest) => void | Promise<void>
  /** Asks servers elsewhere: not about the objects that a server starts with, which cannot wait for them. */
  readonly isRemote?: boolean
}

/** Waits only for plug-ins that ask for it, so that a write that needs none is one straight call. */
export async function runMutations(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  let rounds: Rounds = { round: 0, again: false, notes: new Map() }
  for (;;) {
    for (const plugin of plugins) {
      if (request.object === undefined && plugin.mutatesWithoutObject !== true) continue
      const pending = plugin.mutate?.(request, rounds)
      if (pending !== undefined) await pending
    }
    if (!rounds.again || rounds.round > 0) return
    rounds = { ...rounds, round: 1 }
  }
}

export async function runValidations(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(request)
    if (pending !== undefined) await pending
  }
}
