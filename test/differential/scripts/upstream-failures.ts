import { apply, patch, post, put, type Script } from "../script.ts"

const DEPLOYMENTS = "/apis/apps/v1/namespaces/{{ns}}/deployments"
const D = `${DEPLOYMENTS}/d`

const deployment = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, ...metadata },
  spec: {
    selector: { matchLabels: { app: "d" } },
    template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "a", image: "x" }] } },
    ...spec,
  },
})
const podSpec = (spec: object) => ({ spec: { template: { spec } } })

/** What kube-apiserver answers with 500, though the request is at fault. */
export const upstreamFailures: Script = {
  name: "upstream-failures",
  steps: [
    post(DEPLOYMENTS, deployment("d", { finalizers: ["f/a"] })),
    post(DEPLOYMENTS, deployment("e", { resourceVersion: "1" })),
    put(D, deployment("d", { resourceVersion: "x" })),
    patch("strategic", D, podSpec({ containers: [{ $patch: "frob", name: "a" }] })),
    patch("strategic", D, podSpec({ $patch: "frob" })),
    patch("strategic", D, podSpec({ containers: [{ name: "b" }], "$setElementOrder/containers": [{ name: "a" }] })),
    patch("strategic", D, podSpec({ containers: ["x"] })),
    patch("strategic", D, podSpec({ containers: [{ image: "z" }] })),
    patch("strategic", D, { metadata: { finalizers: [1] } }),
    patch("strategic", D, { metadata: { finalizers: [["x"]] } }),
    patch("strategic", D, { metadata: { "$setElementOrder/finalizers": "x" } }),
    patch("strategic", D, { spec: { "$setElementOrder/nope": ["x"] } }),
    apply("/api/v1/namespaces/{{ns}}/secrets/s", "one", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { a: "!!" },
    }),
    apply(`${DEPLOYMENTS}/e`, "one", deployment("e", {}, { nope: 1 })),
  ],
}
