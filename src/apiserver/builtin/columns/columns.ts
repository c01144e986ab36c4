import { once, readGenerated } from "#apiserver/builtin/generated-data.ts"
import type { Column } from "#apiserver/resource.ts"
import { ageCell, nameCell } from "./cells.ts"
import type { Cell, Cells } from "./cells.ts"

type Head = Omit<Column, "cell">

const heads = once(() => readGenerated<{ readonly [kind: string]: readonly Head[] }>("columns.json"))

const CELLS: { readonly [kind: string]: Cells } = {}

/** Kinds whose heads the printers know under another name. */
const ALIASES: { readonly [kind: string]: string } = {
  MutatingWebhookConfiguration: "MutatingWebhook",
  ValidatingWebhookConfiguration: "ValidatingWebhook",
}

const DESCRIPTION_OF_AGE =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"

/** Kinds without a printer of their own show when they were created. */
const PLAIN: readonly Head[] = []

/** Columns of `kubectl get` for a built-in kind. */
export function columnsOf(_group: string, kind: string): readonly Column[] {
  const name = ALIASES[kind] ?? kind
  const cells = CELLS[name] ?? {}
  return (heads()[name] ?? PLAIN).flatMap((head) => {
    const cell: Cell | undefined =
      cells[head.name] ?? (head.name === "Name" ? nameCell : head.name === "Age" ? ageCell : undefined)
    return cell === undefined ? [] : [{ ...head, cell } as Column]
  })
}
