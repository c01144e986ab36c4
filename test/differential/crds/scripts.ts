// For each of our kinds: objects made from its schema, created and their status written, without a trace.
import fc from "fast-check"
import { hubCrds, memberCrds } from "#api/crds.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { get, patch, post, type Script, type Step } from "../script.ts"
import { valueOf, type Schema } from "./objects.ts"

type Definition = UnknownObject & {
  readonly spec: {
    readonly group: string
    readonly scope: "Namespaced" | "Cluster"
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly {
      readonly name: string
      readonly schema: { readonly openAPIV3Schema: Schema }
      readonly subresources?: { readonly status?: object }
    }[]
  }
}

/** What every server accepts, to write statuses to. */
const ACCEPTABLE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  managedclustersetbindings: { spec: { clusterSet: "a" } },
  manifestworkreplicasets: { spec: { manifestWorkTemplate: {}, placementRefs: [{ name: "p", rolloutStrategy: {} }] } },
  appliedmanifestworks: { spec: { hubHash: "h", manifestWorkName: "w" } },
  placementdecisions: {},
  addonplacementscores: {},
}
const SEED = 20_261_124
/** Objects of each kind and sort in the recordings. */
export const RECORDED_RUNS = 16
const NAMESPACE = "crds"
const APART = new Set(["apiVersion", "kind", "metadata", "status"])

export const ourDefinitions = (): readonly UnknownObject[] => [...hubCrds(), ...memberCrds()]

/** Creates the definitions and waits until their kinds are served. */
export const preparation = (definitions: readonly UnknownObject[]): Script => ({
  name: NAMESPACE,
  steps: [
    ...definitions.map((d) => post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", d, { quiet: true })),
    ...(definitions as Definition[]).flatMap(({ spec }) =>
      spec.versions.map(({ name }) => get(pathOf(spec, name), { until: { path: "status", is: 200 }, quiet: true })),
    ),
  ],
})

/**
 * The same ones each time. None of them leaves anything behind.
 *
 * @param runs  objects of each kind that fit; as many do not, and as many statuses
 */
export const objectScripts = (runs: number, seed = SEED): readonly Script[] =>
  (ourDefinitions() as Definition[]).map(({ spec }) => ({
    name: `crd-${spec.names.plural}`,
    alone: true,
    steps: spec.versions.flatMap((version) => stepsOf(spec, version, { numRuns: runs, seed })),
  }))

type Version = Definition["spec"]["versions"][number]

function stepsOf(
  spec: Definition["spec"],
  { name: version, schema, subresources }: Version,
  sampled: { readonly numRuns: number; readonly seed: number },
): Step[] {
  const { plural, kind } = spec.names
  const path = pathOf(spec, version)
  const head = { apiVersion: `${spec.group}/${version}`, kind }
  const { properties = {}, required = [] } = schema.openAPIV3Schema
  const content = Object.fromEntries(Object.entries(properties).filter(([field]) => !APART.has(field)))
  // Ours fills in a spec that is missing, theirs does not: test/reference/crds.test.ts says why.
  const whole: Schema = { type: "object", properties: content, required: [...required, "spec"] }
  const creates = [false, true].flatMap((unfit) =>
    fc.sample(valueOf(whole, unfit), sampled).flatMap((body, i): Step[] => {
      if (typeof body !== "object" || body === null || Array.isArray(body)) return []
      if (content["spec"] !== undefined && ((body as { spec?: unknown }).spec ?? undefined) === undefined) return []
      return [post(`${path}?dryRun=All`, { ...head, metadata: { name: `o${i}` }, ...body })]
    }),
  )
  const status = properties["status"]
  if (subresources?.status === undefined || status === undefined) return creates
  const base = { ...head, metadata: { name: "base" }, ...(ACCEPTABLE[plural] ?? { spec: {} }) }
  const statuses = fc.sample(valueOf(status, true), sampled).map((value) => {
    return patch("merge", `${path}/base/status?dryRun=All`, { status: value })
  })
  return [...creates, post(path, base, { quiet: true }), get(`${path}/base`, { pick: ["kind"] }), ...statuses]
}

function pathOf({ group, scope, names }: Definition["spec"], version: string): string {
  const root = `/apis/${group}/${version}`
  return scope === "Namespaced" ? `${root}/namespaces/${NAMESPACE}/${names.plural}` : `${root}/${names.plural}`
}
