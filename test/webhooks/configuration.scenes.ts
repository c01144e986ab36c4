import type { Json } from "./review-server.ts"
import { mutating, validating, type Scene } from "./scene.ts"

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
const good = {
  name: "a.example.com",
  clientConfig: { url: "https://example.com/x" },
  rules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] }],
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
}
const withRule = (rest: Json) => ({ rules: [{ ...good.rules[0], ...rest }] })
const withUrl = (url: string) => ({ clientConfig: { url } })
const withService = (service: Json) => ({ clientConfig: { service } })

/** Webhooks that cannot be, by what is wrong with them. */
const BAD: Readonly<Record<string, Json>> = {
  "no name": { name: "" },
  "short name": { name: "a.com" },
  "bad name": { name: "A_b.example.com" },
  "no rules' parts": { rules: [{}] },
  "empty parts": withRule({ apiGroups: [], apiVersions: [""], resources: [""], operations: [] }),
  "bad operation": withRule({ operations: ["READ", "CREATE"] }),
  "star and more": withRule({ operations: ["*", "CREATE"], apiGroups: ["*", "a"], apiVersions: ["*", "v1"] }),
  "all resources and more": withRule({ resources: ["*/*", "pods"] }),
  "resource twice": withRule({ resources: ["pods", "pods/*", "pods/log", "*/log", "pods/log"] }),
  "star resource": withRule({ resources: ["*", "pods"] }),
  "star subresource": withRule({ resources: ["*/scale", "pods/scale"] }),
  "bad scope": withRule({ scope: "Galaxy" }),
  "bad policies": { failurePolicy: "Maybe", matchPolicy: "Sometimes", sideEffects: "Some" },
  "no side effects": { sideEffects: null },
  "too long": { timeoutSeconds: 31 },
  "too short": { timeoutSeconds: 0 },
  "bad selectors": {
    namespaceSelector: { matchExpressions: [{ key: "a", operator: "Near" }] },
    objectSelector: { matchLabels: { "a b": "c" } },
  },
  "no versions": { admissionReviewVersions: [] },
  "odd versions": { admissionReviewVersions: ["v1", "v1", "V 2"] },
  "unknown versions": { admissionReviewVersions: ["v7"] },
  "no client": { clientConfig: {} },
  "two clients": { clientConfig: { url: "https://example.com", service: { name: "a", namespace: "b" } } },
  "plain URL": withUrl("http://example.com/x"),
  "URL without a host": withUrl("https:///x"),
  "URL with everything": withUrl("https://u:p@example.com/x?y=z#f"),
  "no URL": withUrl("%zz"),
  "service without names": withService({ name: "", namespace: "" }),
  "service without a name": withService({ name: "", namespace: "a" }),
  "bad port": withService({ name: "a", namespace: "b", port: 70_000 }),
  "odd path": withService({ name: "a", namespace: "b", path: "x//Y/" }),
  "double slash": withService({ name: "a", namespace: "b", path: "//" }),
  "condition without parts": { matchConditions: [{ name: "", expression: "" }] },
  "conditions that do not compile": {
    matchConditions: [
      { name: "a", expression: "1" },
      { name: "b", expression: "params == null" },
      { name: "c", expression: "object." },
      { name: "d", expression: "variables.x" },
    ],
  },
  "condition twice": {
    matchConditions: [
      { name: "a", expression: "true" },
      { name: "a", expression: "true" },
      { name: "b c", expression: "true" },
    ],
  },
}

/** What configurations of webhooks may say. */
export const CONFIGURATION_SCENES: readonly Scene[] = [
  {
    name: "configurations",
    async play({ server, see }) {
      const kinds = [
        [mutating, "mutatingwebhookconfigurations"],
        [validating, "validatingwebhookconfigurations"],
      ] as const
      for (const [make, resource] of kinds) {
        const path = `${CONFIGURATIONS}/${resource}?dryRun=All`
        await see(`${resource}: defaults`, server.send("POST", path, make("good", good)))
        const service = withService({ name: "a", namespace: "b" })
        await see(
          `${resource}: defaults of a service`,
          server.send("POST", path, make("good", { ...good, ...service })),
        )
        await see(`${resource}: nothing`, server.send("POST", path, make("nothing")))
        await see(`${resource}: twice`, server.send("POST", path, make("twice", good, good)))
        if (make === validating) continue
        const odd = { ...good, reinvocationPolicy: "Often" }
        await see(`${resource}: bad reinvocation`, server.send("POST", path, make("odd", odd)))
      }
      for (const [name, rest] of Object.entries(BAD)) {
        const path = `${CONFIGURATIONS}/validatingwebhookconfigurations?dryRun=All`
        await see(name, server.send("POST", path, validating("bad", { ...good, ...rest })))
      }
      // What was let pass once may stay as it is.
      const named = `${CONFIGURATIONS}/validatingwebhookconfigurations`
      await server.send("POST", named, validating("kept", good))
      await see(
        "an update",
        server.send("PATCH", `${named}/kept`, { webhooks: [{ ...good, ...withRule({ resources: [] }) }] }),
      )
      await see("generation", server.send("PATCH", `${named}/kept`, { webhooks: [{ ...good, timeoutSeconds: 5 }] }))
      await server.send("DELETE", `${named}/kept`)
    },
  },
]
