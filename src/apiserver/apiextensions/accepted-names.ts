import { deepEqual } from "#apimachinery/json.ts"
import { formatTime } from "#lib/clock.ts"
import type { CustomResourceDefinition, DefinitionNames } from "./definition.ts"

type Status = NonNullable<CustomResourceDefinition["status"]>
type Condition = {
  readonly type: string
  readonly status: "True" | "False"
  readonly reason: string
  readonly message: string
}

/**
 * The status that a definition gets when it is written: which of its names nobody else of its group has, and with that
 * whether it is served. Upstream's controllers take some 100 ms for it; here it is part of the write, so a client may use
 * the resource as soon as its definition is acknowledged. Source: apiextensions-apiserver controller/status.
 *
 * @param before  the status that it has
 * @param others  other definitions that are stored; those of other groups don't matter
 */
export function definitionStatus(
  definition: CustomResourceDefinition,
  before: Status,
  others: readonly CustomResourceDefinition[],
  nowMs: number,
): Status {
  const { names, versions } = definition.spec
  const accepted = before.acceptedNames ?? {}
  const taken = takenNames(definition, others)
  const { acceptedNames, conflict } = acceptNames(names, accepted, taken)
  const namesAccepted: Condition =
    conflict === undefined
      ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
      : { type: "NamesAccepted", status: "False", ...conflict }
  const wasEstablished = before.conditions?.some((c) => c.type === "Established" && c.status === "True") ?? false
  const established: Condition =
    conflict === undefined || wasEstablished
      ? {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        }
      : { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" }
  const stored = versions.find((v) => v.storage)?.name
  const storedVersions = before.storedVersions ?? []
  return {
    ...before,
    conditions: mergeConditions(before.conditions ?? [], [namesAccepted, established], formatTime(nowMs)),
    acceptedNames,
    storedVersions:
      stored === undefined || storedVersions.includes(stored) ? storedVersions : [...storedVersions, stored],
  }
}

type Conditions = NonNullable<Status["conditions"]>

/** Sets conditions; the time of one that says the same as before stays. */
export function mergeConditions(before: Conditions, added: readonly Condition[], now: string): Conditions {
  const merged = [...before]
  for (const condition of added) {
    const at = merged.findIndex((c) => c.type === condition.type)
    const known = merged[at] as (Condition & { readonly lastTransitionTime?: string }) | undefined
    const lastTransitionTime = known?.status === condition.status ? (known.lastTransitionTime ?? now) : now
    const { type, status, reason, message } = condition
    const next = { type, status, lastTransitionTime, reason, message }
    if (known === undefined) merged.push(next)
    else merged[at] = next
  }
  return merged
}

type Taken = { readonly resources: ReadonlySet<string>; readonly kinds: ReadonlySet<string> }

function takenNames(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Taken {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const other of others) {
    if (other.spec.group !== definition.spec.group || other.metadata.name === definition.metadata.name) continue
    const { plural = "", singular = "", shortNames = [], kind = "", listKind = "" } = other.status?.acceptedNames ?? {}
    for (const name of [plural, singular, ...shortNames]) resources.add(name)
    for (const name of [kind, listKind]) kinds.add(name)
  }
  return { resources, kinds }
}

type Accepted = {
  readonly acceptedNames: Partial<DefinitionNames>
  readonly conflict: { readonly reason: string; readonly message: string } | undefined
}

/** Each name is accepted or not for itself; the last conflict is the one that is told. */
function acceptNames(wanted: DefinitionNames, accepted: Partial<DefinitionNames>, taken: Taken): Accepted {
  const names: { -readonly [name in keyof DefinitionNames]?: DefinitionNames[name] } = { ...accepted }
  let conflict: Accepted["conflict"]
  const accept = (name: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string>, reason: string) => {
    const value = wanted[name] ?? ""
    if (value !== (accepted[name] ?? "") && used.has(value))
      conflict = { reason, message: `${JSON.stringify(value)} is already in use` }
    else names[name] = value
  }
  accept("plural", taken.resources, "PluralConflict")
  accept("singular", taken.resources, "SingularConflict")
  if (!deepEqual(wanted.shortNames, accepted.shortNames)) {
    const clashes = (wanted.shortNames ?? []).filter((n) => !accepted.shortNames?.includes(n) && taken.resources.has(n))
    const texts = clashes.map((name) => `${JSON.stringify(name)} is already in use`)
    if (texts.length > 0) {
      conflict = { reason: "ShortNamesConflict", message: texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]` }
    } else if (wanted.shortNames === undefined) delete names.shortNames
    else names.shortNames = [...wanted.shortNames]
  }
  accept("kind", taken.kinds, "KindConflict")
  accept("listKind", taken.kinds, "ListKindConflict")
  if (wanted.categories === undefined) delete names.categories
  else names.categories = [...wanted.categories]
  return { acceptedNames: names, conflict }
}
