// What an agent's certificate is good for: every verb on every resource that a hub serves, in its own namespace, in
// another cluster's, and on cluster-scoped objects of its own and other names. Requests are real; RBAC is not asked.
import assert from "node:assert/strict"
import { before, describe, test } from "node:test"
import { MANAGED_CLUSTERS } from "#api/cluster/v1.ts"
import { CERTIFICATE_SIGNING_REQUESTS } from "#api/kubernetes/certificates.ts"
import { groupResource, pathOf, type ResourceType } from "#apimachinery/gvk.ts"
import { isStream, readBody, type Transport } from "#lib/http.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { issuedTo, newHub, requestCertificate, type TestHub } from "./registration-hub.ts"

const READ = ["get", "list", "watch"]
const WRITE = ["create", "update", "patch", "delete", "deletecollection"]

/** Everything that the agent of c1 may do: resource -> where -> verbs. What is not here must be forbidden. */
const ALLOWED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "leases.coordination.k8s.io": { c1: [...READ, "update"] },
  events: { c1: ["create", "patch", "update"] },
  "events.events.k8s.io": { c1: ["create", "patch", "update"] },
  "manifestworks.work.open-cluster-management.io": { c1: [...READ, "update", "patch"] },
  "manifestworks/status.work.open-cluster-management.io": { c1: ["patch", "update"] },
  "managedclusters.cluster.open-cluster-management.io": { "name c1": [...READ, "update"] },
  "managedclusters/status.cluster.open-cluster-management.io": { "name c1": ["patch", "update"] },
  // Requests are no secret, and OCM's agents list all of them; what is approved depends on who asks.
  "certificatesigningrequests.certificates.k8s.io": {
    "name c1": [...READ, "create"],
    "name c2": [...READ, "create"],
    "no name": ["list", "watch"],
  },
  // What Kubernetes lets everybody ask about themselves.
  "selfsubjectaccessreviews.authorization.k8s.io": { "name c1": ["create"], "name c2": ["create"] },
  "selfsubjectrulesreviews.authorization.k8s.io": { "name c1": ["create"], "name c2": ["create"] },
  "selfsubjectreviews.authentication.k8s.io": { "name c1": ["create"], "name c2": ["create"] },
}

/** A denied or leaving cluster sees itself, and may ask about itself. */
const ALLOWED_DENIED: typeof ALLOWED = {
  "managedclusters.cluster.open-cluster-management.io": { "name c1": READ },
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

/** Every verb on a resource and its subresources, in both namespaces or on both names. */
function attemptsOn(info: ResourceInfo): Attempt[] {
  const type: ResourceType = { ...info, resource: info.resource }
  const subresources = ["", ...info.subresources.map(({ name }) => name)]
  return subresources.flatMap((subresource) => {
    const resource = groupResource({
      ...info,
      resource: subresource === "" ? info.resource : `${info.resource}/${subresource}`,
    })
    const verbs = subresource === "" ? [...READ, ...WRITE] : ["get", "create", "update", "patch", "delete"]
    const places: { where: string; namespace?: string; name: string }[] = info.namespaced
      ? ["c1", "c2"].map((namespace) => ({ where: namespace, namespace, name: "x" }))
      : ["c1", "c2"].map((name) => ({ where: `name ${name}`, name }))
    const named = places.flatMap((place) =>
      verbs.map((verb) => attempt({ type, resource, subresource, verb, ...place, bySelector: !info.namespaced })),
    )
    if (subresource !== "") return named
    // All namespaces at once, or all names.
    const where = info.namespaced ? "all namespaces" : "no name"
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

/** What was let through, and what was forbidden, as lines. */
async function survey(hub: TestHub, send: Transport): Promise<{ readonly allowed: string[]; readonly tried: number }> {
  const attempts = hub.server.api.resources.all().flatMap(attemptsOn)
  const allowed: string[] = []
  for (const one of attempts) {
    const status = await statusOf(send, one)
    assert.notEqual(status, 401, one.path)
    if (status !== 403) allowed.push(`${one.verb} ${one.resource} ${one.where}`)
  }
  return { allowed: [...new Set(allowed)].toSorted(), tried: attempts.length }
}

const linesOf = (table: typeof ALLOWED) =>
  Object.entries(table)
    .flatMap(([resource, places]) =>
      Object.entries(places).flatMap(([where, verbs]) => verbs.map((verb) => `${verb} ${resource} ${where}`)),
    )
    .toSorted()

describe("an agent's certificate", () => {
  let hub: TestHub
  let send: Transport
  before(async () => {
    hub = await newHub({ automatic: true })
    await hub.join("c2")
    const agent = await hub.join("c1")
    const csr = await requestCertificate(agent, "c1")
    await hub.advance(1_000)
    send = hub.transportWith(await issuedTo(hub.client, csr.name))
  })

  test("is good for its own cluster's objects and nothing else", async () => {
    const { allowed, tried } = await survey(hub, send)
    assert.ok(tried > 1_000, `only ${tried} requests were tried`)
    assert.deepEqual(allowed, linesOf(ALLOWED))
  })

  for (const { path, want } of [
    { path: "/version", want: 200 },
    { path: "/apis", want: 200 },
    { path: "/livez", want: 200 },
    { path: "/metrics", want: 403 },
    { path: "/", want: 403 },
  ]) {
    test(`beside resources: ${path} is ${want}`, async () => {
      assert.equal((await send({ method: "GET", path, headers: {} })).status, want)
    })
  }

  test("does not move its cluster to another set", async () => {
    const path = pathOf(MANAGED_CLUSTERS as unknown as ResourceType, { name: "c1" })
    const own = await hub.client.get(MANAGED_CLUSTERS, { name: "c1" })
    const moved = { ...own.metadata.labels, "cluster.open-cluster-management.io/clusterset": "global" }
    const body = Buffer.from(JSON.stringify({ ...own, metadata: { ...own.metadata, labels: moved } }))
    const answer = await send({ method: "PUT", path, headers: { "content-type": "application/json" }, body })
    assert.equal(answer.status, 403)
    const { message } = JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    assert.match(message, /managedclustersets\/join.* cannot add\/remove a ManagedCluster/)
  })

  test("gets nobody else's certificate approved", async () => {
    const agent = hub.clientOver(send)
    const csr = await requestCertificate(agent, "c2")
    await hub.advance(1_000)
    const { status } = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: csr.name })
    assert.deepEqual(status?.conditions ?? [], [])
  })

  test("is good for next to nothing once its cluster is shut out", async () => {
    await hub.client.patch(MANAGED_CLUSTERS, { name: "c1" }, { merge: { spec: { hubAcceptsClient: false } } })
    await hub.advance(1_000)
    const { allowed } = await survey(hub, send)
    assert.deepEqual(allowed, linesOf(ALLOWED_DENIED))
    hub.end()
  })
})
