import type { Answer, ServerUnderTest } from "./server-under-test.ts"
import type { Json, ReviewServer } from "./review-server.ts"

/** What a scene is played with. It writes down what it sees, so that two servers can be compared. */
export type Stage = {
  readonly server: ServerUnderTest
  readonly hooks: ReviewServer
  readonly namespace: string
  /** Creates or changes something that webhooks are found by, and waits until it acts. */
  configure(...objects: readonly Json[]): Promise<void>
  /** Sends a request and writes down what comes. */
  see(what: string, answer: Promise<Answer>): Promise<Answer>
  /** Writes down which reviews have come since the last time. */
  seeReviews(what: string): void
  /** Writes down something else. */
  note(what: string, value: Json): void
}

export type Scene = { readonly name: string; readonly play: (stage: Stage) => Promise<void> }

/** How long kube-apiserver takes to see a change of its configuration, with room. */
const ACTS_AFTER_MS = 1500

/** Plays a scene in a namespace of its own. @returns what was written down, without what differs from run to run */
export async function play(scene: Scene, server: ServerUnderTest, hooks: ReviewServer): Promise<Json> {
  const namespace = `scene-${scene.name.replaceAll(/[^a-z0-9]+/g, "-")}`
  const seen: Record<string, Json> = {}
  const write = (what: string, value: Json) => {
    if (what in seen) throw new Error(`"${what}" has been written down already`)
    seen[what] = value
  }
  const cleanups: string[] = []
  const settle = () => (server.actsAtOnce ? undefined : new Promise((done) => setTimeout(done, ACTS_AFTER_MS)))
  await server.send("POST", "/api/v1/namespaces", { metadata: { name: namespace, labels: { scene: "yes" } } })
  await eventuallyUsable(server, namespace)
  hooks.taken()
  const stage: Stage = {
    server,
    hooks,
    namespace,
    async configure(...objects) {
      for (const object of objects) {
        const path = collectionOf(object)
        const answer = await server.send("POST", path, object)
        if (answer.status !== 201) throw new Error(`Cannot configure: ${JSON.stringify(answer.body)}`)
        cleanups.unshift(`${path}/${object.metadata.name}`)
      }
      await settle()
      hooks.taken()
    },
    async see(what, answer) {
      const { status, body, warnings } = await answer
      write(what, { status, body, ...(warnings.length === 0 ? {} : { warnings }) })
      return answer
    },
    seeReviews: (what) => write(what, hooks.taken()),
    note: write,
  }
  try {
    await scene.play(stage)
  } finally {
    for (const path of cleanups) await server.send("DELETE", path)
    await settle()
  }
  return normal(seen, hooks.port)
}

/** Service accounts and the root certificate come to a new namespace by controllers, which webhooks would hear of. */
async function eventuallyUsable(server: ServerUnderTest, namespace: string): Promise<void> {
  if (server.actsAtOnce) return
  for (let i = 0; i < 100; i++) {
    const found = await server.send("GET", `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`)
    if (found.status === 200) return
    await new Promise((done) => setTimeout(done, 50))
  }
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  MutatingWebhookConfiguration: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
}

function collectionOf({ kind, apiVersion, metadata }: Json): string {
  return COLLECTIONS[kind] ?? `/api/${apiVersion}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

function normal(value: Json, port: number): Json {
  const text = JSON.stringify(value, (key, inner: Json) => {
    if (key === "resourceVersion" && inner !== "" && inner !== undefined) return "RV"
    // By default a token is for the server that issues it, whose port is another each time.
    if (key === "audiences" && Array.isArray(inner)) return ["ISSUER"]
    return typeof inner === "string"
      ? inner
          .replaceAll(UUID, "UID")
          .replaceAll(TIME, "TIME")
          .replaceAll(/X509SHA256=[0-9a-f]+/g, "X509SHA256=HASH")
          .replaceAll(/^(kubernetes-)?admin$/g, "ADMIN")
          .replaceAll(`127.0.0.1:${port}`, "127.0.0.1:PORT")
          .replaceAll(/(name|details)-[a-z0-9]{5}\b/g, "$1-RANDOM")
      : inner
  })
  return JSON.parse(text)
}

/** A webhook with what must be there, and only for objects in the scene's namespace. */
export function webhook(stage: Stage, name: string, path: string, rest: Json = {}): Json {
  return {
    name: `${name}.example.com`,
    clientConfig: { url: stage.hooks.url(path), caBundle: stage.hooks.caBundle },
    rules: [rule("", "v1", "configmaps", "CREATE")],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": stage.namespace } },
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    ...rest,
  }
}

export const rule = (group: string, version: string, resource: string, ...operations: string[]) => ({
  apiGroups: [group],
  apiVersions: [version],
  resources: resource.split(","),
  operations,
})

export const mutating = (name: string, ...webhooks: Json[]) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name },
  webhooks,
})

export const validating = (name: string, ...webhooks: Json[]) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name },
  webhooks,
})

/** A JSON patch as a review carries it. */
export const patch = (...operations: Json[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
})

export const configMaps = (stage: Stage) => `/api/v1/namespaces/${stage.namespace}/configmaps`

export const configMap = (name: string, data: Json = { a: "1" }, metadata: Json = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
})
