import type { Strategy } from "#apiserver/resource.ts"

/** What is special about a kind's writes, beside its traits and defaults. */
export type KindStrategy = Pick<
  Strategy,
  | "prepareForCreate"
  | "prepareForUpdate"
  | "validate"
  | "validateUpdate"
  | "admit"
  | "warnings"
  | "defaultGracePeriodSeconds"
  | "prepareForDelete"
  | "holdsDeletion"
> & {
  /** A new object keeps the status it came with: kubelets create their Node with one. */
  readonly keepsStatusOnCreate?: boolean
}
