// What an agent's certificate is good for: every verb on every resource that a hub serves, in its own namespace, in
// another cluster's, and on cluster-scoped objects of its own and other names. Requests are real; RBAC is not asked.
import assert from "node:assert/strict"
import { groupResource, pathOf, type ResourceType } from "#apimachinery/gvk.ts"
import { isStream, readBody, type Transport } from "#lib/http.ts"

const READ = ["get", "list", "watch"]
const WRITE = ["create", "update", "patch", "delete", "deletecollection"]

type Rights = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** Everything that an agent may do: resource -> where -> verbs. What is not here must be forbidden. */
const ALLOWED: Rights = {
  "leases.coordination.k8s.io": { own: [...READ, "update"] },
  events: { own: ["create", "patch", "update"] },
  "events.events.k8s.io": { own: ["create", "patch", "update"] },
  "manifestworks.work.open-cluster-management.io": { own: [...READ, "update", "patch"] },
  "manifestworks/status.work.open-cluster-management.io": { own: ["patch", "update"] },
  "managedclusteraddons.addon.open-cluster-management.io": { own: READ },
  "managedclusteraddons/status.addon.open-cluster-management.io": { own: ["patch", "update"] },
  "managedclusters.cluster.open-cluster-management.io": { "own name": [...READ, "update"] },
  "managedclusters/status.cluster.open-cluster-management.io": { "own name": ["patch", "update"] },
  // Requests are no secret, and OCM's agents list all of them; what is approved depends on who asks.
  "certificatesigningrequests.certificates.k8s.io": {
    "own name": [...READ, "create"],
    "other name": [...READ, "create"],
    "no name": ["list", "watch"],
  },
  // What Kubernetes lets everybody ask about themselves.
  "selfsubjectaccessreviews.authorization.k8s.io": { "own name": ["create"], "other name": ["create"] },
  "selfsubjectrulesreviews.authorization.k8s.io": { "own name": ["create"], "other name": ["create"] },
  "selfsubjectreviews.authentication.k8s.io": { "own name": ["create"], "other name": ["create"] },
}

/** A denied or leaving cluster sees itself, and may ask about itself. */
const ALLOWED_DENIED: Rights = {
  "managedclusters.cluster.open-cluster-management.io": { "own name": READ },
  ...Object.fromEntries(Object.entries(ALLOWED).filter(([name]) => name.startsWith("self"))),
}

type Attempt = {
  readonly resource: string
  readonly where: string
  readonly verb: string
  readonly method: string
  readonly path: string
}

const METHODS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
}
const OF_COLLECTION = new Set(["list", "watch", "create", "deletecollection"])

/** A cluster's own name, and another's. Both have joined. */
export type Names = { readonly own: string; readonly other: string }

/** Every verb on a resource and its subresources, in both namespaces or on both names. */
function attemptsOn({ type, subresources }: Served, names: Names): Attempt[] {
  return ["", ...subresources].flatMap((subresource) => {
    const resource = groupResource({
      ...type,
      resource: subresource === "" ? type.resource : `${type.resource}/${subresource}`,
    })
    const verbs = subresource === "" ? [...READ, ...WRITE] : ["get", "create", "update", "patch", "delete"]
    const places: { where: string; namespace?: string; name: string }[] = (["own", "other"] as const).map((whose) =>
      type.namespaced
        ? { where: whose, namespace: names[whose], name: "x" }
        : { where: `${whose} name`, name: names[whose] },
    )
    const named = places.flatMap((place) =>
      verbs.map((verb) => attempt({ type, resource, subresource, verb, ...place, bySelector: !type.namespaced })),
    )
    if (subresource !== "") return named
    // All namespaces at once, or all names.
    const where = type.namespaced ? "all namespaces" : "no name"
    return [
      ...named,
      ...["list", "watch"].map((verb) => attempt({ type, resource, subresource, verb, where, name: "" })),
    ]
  })
}

function attempt(of: {
  readonly type: ResourceType
  readonly resource: string
  readonly subresource: string
  readonly verb: string
  readonly where: string
  readonly namespace?: string
  readonly name: string
  readonly bySelector?: boolean
}): Attempt {
  const { verb, resource, where, namespace, subresource } = of
  const isCollection = OF_COLLECTION.has(verb) && subresource === ""
  const path = pathOf(of.type, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(isCollection ? {} : { name: of.name }),
    ...(subresource === "" ? {} : { subresource }),
  })
  const query = new URLSearchParams()
  if (verb === "watch") query.set("watch", "true")
  // A right on one name reaches a collection only where the request is narrowed to that name.
  if (of.bySelector === true && (verb === "list" || verb === "watch"))
    query.set("fieldSelector", `metadata.name=${of.name}`)
  const text = query.toString()
  return { resource, where, verb, method: METHODS[verb]!, path: text === "" ? path : `${path}?${text}` }
}

/** @returns the status that the server answers with */
async function statusOf(send: Transport, { method, path, verb }: Attempt): Promise<number> {
  const type = verb === "patch" ? "application/merge-patch+json" : "application/json"
  const { status, body } = await send({ method, path, headers: { "content-type": type }, body: Buffer.from("{}") })
  if (isStream(body)) body.start({ write: () => 0, end: () => {} })()
  return status
}

type Served = { readonly type: ResourceType; readonly subresources: readonly string[] }

type Discovered = {
  readonly items: readonly {
    readonly metadata: { readonly name?: string }
    readonly versions: readonly {
      readonly version: string
      readonly resources?: readonly {
        readonly resource: string
        readonly scope: "Namespaced" | "Cluster"
        readonly responseKind?: { readonly kind: string }
        readonly subresources?: readonly { readonly subresource: string }[]
      }[]
    }[]
  }[]
}

/** All that the server says it serves, in every version. */
async function servedBy(send: Transport): Promise<Served[]> {
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
  const lists = await Promise.all(
    ["/api", "/apis"].map(async (path) => {
      const { body } = await send({ method: "GET", path, headers: { accept } })
      return JSON.parse(Buffer.from(await readBody(body)).toString()) as Discovered
    }),
  )
  return lists.flatMap(({ items }) =>
    items.flatMap(({ metadata, versions }) =>
      versions.flatMap(({ version, resources = [] }) =>
        resources.map(({ resource, scope, responseKind, subresources = [] }) => ({
          type: {
            group: metadata.name ?? "",
            version,
            resource,
            kind: responseKind?.kind ?? "",
            namespaced: scope === "Namespaced",
          },
          subresources: subresources.map((s) => s.subresource),
        })),
      ),
    ),
  )
}

/**
 * Tries everything as the bearer of the certificate.
 *
 * @throws AssertionError when it may do more or less than an agent should
 */
export async function assertAgentRights(send: Transport, names: Names, as: "accepted" | "denied"): Promise<void> {
  const attempts = (await servedBy(send)).flatMap((served) => attemptsOn(served, names))
  assert.ok(attempts.length > 1_000, `only ${attempts.length} requests were tried`)
  const allowed: string[] = []
  for (const one of attempts) {
    const status = await statusOf(send, one)
    assert.notEqual(status, 401, one.path)
    if (status !== 403) allowed.push(`${one.verb} ${one.resource} ${one.where}`)
  }
  assert.deepEqual([...new Set(allowed)].toSorted(), linesOf(as === "accepted" ? ALLOWED : ALLOWED_DENIED))
}

const linesOf = (table: Rights) =>
  Object.entries(table)
    .flatMap(([resource, places]) =>
      Object.entries(places).flatMap(([where, verbs]) => verbs.map((verb) => `${verb} ${resource} ${where}`)),
    )
    .toSorted()
