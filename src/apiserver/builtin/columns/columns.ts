import { once, readGenerated } from "#apiserver/builtin/generated-data.ts"
import type { Column } from "#apiserver/resource.ts"
import { ageCell, nameCell } from "./cells.ts"
import type { Cells } from "./cells.ts"
import { CORE_CELLS } from "./core-cells.ts"
import { NETWORK_CELLS } from "./network-cells.ts"
import { POD_CELLS } from "./pod-cells.ts"
import { API_SERVICE_CELLS, POLICY_CELLS } from "./policy-cells.ts"
import { STORAGE_CELLS } from "./storage-cells.ts"
import { WORKLOAD_CELLS } from "./workload-cells.ts"

type Head = Omit<Column, "cell">

const heads = once(() => readGenerated<{ readonly [kind: string]: readonly Head[] }>("columns.json"))

const CELLS: { readonly [kind: string]: Cells } = {
  Pod: POD_CELLS,
  ...WORKLOAD_CELLS,
  ...NETWORK_CELLS,
  ...CORE_CELLS,
  ...STORAGE_CELLS,
  ...POLICY_CELLS,
}

/** Kinds whose heads the printers know under another name. */
const ALIASES: { readonly [kind: string]: string } = {
  MutatingWebhookConfiguration: "MutatingWebhook",
  ValidatingWebhookConfiguration: "ValidatingWebhook",
}

/** Heads that all kinds share are read from one that has them. */
const commonHead = (name: string): Head => heads()["ConfigMap"]!.find((head) => head.name === name)!

export const nameColumn = once((): Column => ({ ...commonHead("Name"), cell: nameCell }))

/** What the creation time means, as every column of it says. */
export const creationTimeDescription = once((): string => commonHead("Age").description ?? "")

/** Kinds without a printer of their own show when they were created. Source: rest.NewDefaultTableConvertor. */
const plainColumns = once((): readonly Column[] => [
  nameColumn(),
  {
    name: "Created At",
    type: "date",
    description: creationTimeDescription(),
    cell: (o) => o.metadata.creationTimestamp,
  },
])

/** The aggregator prints its own kind; its heads are in no printer that could be generated from. */
const apiServiceColumns = once((): readonly Column[] => [
  nameColumn(),
  {
    name: "Service",
    type: "string",
    description: "The reference to the service that hosts this API endpoint.",
    cell: API_SERVICE_CELLS["Service"]!,
  },
  {
    name: "Available",
    type: "string",
    description: "Whether this service is available.",
    cell: API_SERVICE_CELLS["Available"]!,
  },
  { name: "Age", type: "string", description: creationTimeDescription(), cell: ageCell },
])

/** Columns of `kubectl get` for a built-in kind. */
export function columnsOf(kind: string): readonly Column[] {
  const name = ALIASES[kind] ?? kind
  const found = heads()[name]
  if (kind === "APIService") return apiServiceColumns()
  if (found === undefined) return plainColumns()
  const cells: Cells = { Name: nameCell, Age: ageCell, ...CELLS[name] }
  return found.map((head) => {
    const cell = cells[head.name]
    if (cell === undefined) throw new Error(`Cannot print ${kind}: no cell for column ${head.name}`)
    return { ...head, cell }
  })
}
