import { del, get, patch, post, put, type Script } from "../script.ts"

const NS = "/api/v1/namespaces/{{ns}}"
const CORE_EVENTS = `${NS}/events`
const NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/{{ns}}/events"
const about = { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "{{ns}}" }

export const eventObjects: Script = {
  name: "event-objects",
  steps: [
    post(CORE_EVENTS, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a" },
      involvedObject: about,
      reason: "R",
      message: "M",
      type: "Normal",
      count: 1,
      firstTimestamp: "2001-01-01T00:00:00Z",
      lastTimestamp: "2001-01-01T00:00:00Z",
      source: { component: "c" },
    }),
    get(`${NEW_EVENTS}/a`),
    post(NEW_EVENTS, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "b" },
      regarding: about,
      reason: "R",
      note: "N",
      type: "Normal",
      action: "A",
      eventTime: "2001-01-01T00:00:00.000000Z",
      reportingController: "x.io/c",
      reportingInstance: "i",
    }),
    get(`${CORE_EVENTS}/b`),
    get(`${CORE_EVENTS}?fieldSelector=involvedObject.name%3Da,reason%3DR`),
    get(`${NEW_EVENTS}?fieldSelector=regarding.name%3Da`),
    get(`${NEW_EVENTS}?fieldSelector=involvedObject.name%3Da`),
    get(`${CORE_EVENTS}`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } }),
    post(NEW_EVENTS, { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name: "c" }, regarding: about }),
    post(CORE_EVENTS, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "d" },
      involvedObject: { ...about, namespace: "other" },
    }),
    patch("strategic", `${CORE_EVENTS}/a`, { count: 2 }),
    patch("merge", `${NEW_EVENTS}/b`, { series: { count: 2, lastObservedTime: "2001-01-01T00:00:00.000000Z" } }),
    put(`${CORE_EVENTS}/new`, { apiVersion: "v1", kind: "Event", metadata: { name: "new" }, involvedObject: about }),
    del(`${CORE_EVENTS}/a`),
    get(`${NEW_EVENTS}/a`),
  ],
}

const CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
const csr = (name: string, spec: object) => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name },
  spec,
})
/** A request of CN=jane, as `openssl req` makes it. */
const REQUEST =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWk1JR0FBZ0VBTUI0eERUQUxCZ05WQkFvTUJIUmxZVzB4RFRBTEJnTlZCQU1NQkdwaGJtVXdXVEFUQmdjcQpoa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVJDQlZaWnRiZGU5Q1d0ckpPS1lFZDRKVmFvT05MM2lMRHJObmRRCmVyL2ZPM21Kcll3UFhDK1Fub3dqZ3F0U2l6akNQYTdPRU4yeFZCNEZnaVJ5WndKVG9BQXdDZ1lJS29aSXpqMEUKQXdJRFNBQXdSUUloQU91ZVdqTFhCbmVaOFE0TXN5blVHOGNTMnArNVFOMVExMEVzc2NEKzYyNE1BaUFiMmM1LwowZlMwVUw1UDBVcTdOWFB6NVZGTnVEeEQ3Q3ZnbXM0UVI2eE44QT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
const good = { request: REQUEST, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] }
const condition = (type: string, more: object = {}) => ({ type, status: "True", reason: "Test", message: "m", ...more })
const approval = (name: string, ...conditions: object[]) => ({ ...csr(name, good), status: { conditions } })

export const certificates: Script = {
  name: "certificates",
  steps: [
    post(CSRS, csr("cert-a", good)),
    post(CSRS, csr("cert-b", { ...good, expirationSeconds: 10 })),
    post(CSRS, csr("cert-b", { ...good, request: "bm90IGEgcmVxdWVzdA==" })),
    post(CSRS, csr("cert-b", { ...good, usages: ["nope"] })),
    post(CSRS, csr("cert-b", { ...good, usages: [] })),
    post(CSRS, csr("cert-b", { ...good, signerName: "nope" })),
    post(CSRS, csr("cert-b", { usages: ["client auth"] })),
    post(CSRS, csr("cert-b", { ...good, username: "other", groups: ["x"], uid: "u", signerName: "example.com/mine" })),
    put(`${CSRS}/cert-a`, csr("cert-a", { ...good, usages: ["server auth"] })),
    patch("merge", `${CSRS}/cert-a/approval`, { status: { conditions: [{ type: "Approved" }] } }),
    put(`${CSRS}/cert-b/approval`, approval("cert-b", condition("Approved"), condition("Denied"))),
    put(`${CSRS}/cert-b/approval`, approval("cert-b", condition("Denied", { status: "False" }))),
    put(`${CSRS}/cert-b/approval`, approval("cert-b", condition("Denied"))),
    put(`${CSRS}/cert-b/approval`, approval("cert-b")),
    patch("merge", `${CSRS}/cert-b/status`, { status: { certificate: "bm90aGluZw==" } }),
    patch(
      "merge",
      `${CSRS}/cert-a/approval`,
      { status: { conditions: [condition("Approved")] } },
      { pick: ["kind", "message"] },
    ),
    get(`${CSRS}/cert-a`, {
      until: { path: "status.conditions.0.type", is: "Approved" },
      pick: ["kind", "spec.username"],
    }),
    get(`${CSRS}/cert-b`, { headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } }),
    get(`${CSRS}?fieldSelector=spec.signerName%3Dexample.com/mine`, { pick: ["items.0.metadata.name"] }),
    del(`${CSRS}/cert-a`),
    del(`${CSRS}/cert-b`),
  ],
}
