import assert from "node:assert/strict"
import { test } from "node:test"
import { seededRandom } from "#lib/random.ts"
import { newCertificateAuthority } from "#lib/x509/authority.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { encodePem } from "#lib/x509/pem.ts"
import { CERTIFICATE_USAGES } from "#api/kubernetes/certificate-usages.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import type { Authorizer } from "#apiserver/request.ts"
import { certificateAdmission } from "./csr-admission.ts"
import { validateCsr, validateCsrUpdate } from "./csr-validation.ts"

const random = seededRandom(1)
const key = newPrivateKey(random)
const base64 = (text: string) => Buffer.from(text).toString("base64")
const request = base64(createCsr({ key, commonName: "u", organizations: ["g"] }))
const CLIENT = "kubernetes.io/kube-apiserver-client"

const csr = (spec: object, status: object = {}): UnknownObject => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "x" },
  spec: { request, signerName: CLIENT, usages: ["client auth"], ...spec },
  status,
})
const texts = (errors: readonly { field: string; body: string }[]) =>
  errors.map(({ field, body }) => `${field}: ${body}`)

for (const { name, spec, want } of [
  {
    name: "what agents send",
    spec: { usages: ["digital signature", "key encipherment", "client auth"], expirationSeconds: 3600 },
    want: [],
  },
  { name: "the shortest time", spec: { expirationSeconds: 600 }, want: [] },
  {
    name: "less than that",
    spec: { expirationSeconds: 599 },
    want: ["spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"],
  },
  {
    name: "no request",
    spec: { request: "" },
    want: ["spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST"],
  },
  {
    name: "another PEM block",
    spec: { request: base64(encodePem("CERTIFICATE", key.export({ format: "der", type: "sec1" }))) },
    want: [/PEM block type must be CERTIFICATE REQUEST$/],
  },
  {
    name: "junk in PEM",
    spec: { request: base64(encodePem("CERTIFICATE REQUEST", Buffer.from("junk"))) },
    want: [/malformed: Cannot read DER/],
  },
  { name: "no usages", spec: { usages: [] }, want: ["spec.usages: Required value"] },
  {
    name: "an unknown usage",
    spec: { usages: ["client auth", "toString"] },
    want: [/^spec.usages\[1\]: Unsupported value: "toString": supported values: "any", "cert sign", "client auth"/],
  },
  {
    name: "a usage twice",
    spec: { usages: ["client auth", "client auth"] },
    want: ['spec.usages[1]: Duplicate value: "client auth"'],
  },
  { name: "no signer", spec: { signerName: "" }, want: ["spec.signerName: Required value"] },
  {
    name: "the legacy signer",
    spec: { signerName: "kubernetes.io/legacy-unknown" },
    want: [/the legacy signerName is not allowed via this API version$/],
  },
  {
    name: "a signer without a path",
    spec: { signerName: "example.com" },
    want: [/must be a fully qualified domain and path of the form 'example.com\/signer-name'$/],
  },
  {
    name: "a signer without a domain",
    spec: { signerName: "example/x" },
    want: [
      'spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots',
    ],
  },
  {
    name: "a signer with capitals",
    spec: { signerName: "Example.com/x" },
    want: [/^spec.signerName: Invalid value: "Example.com": validating label "Example": a lowercase RFC 1123 label/],
  },
  { name: "a signer of one's own", spec: { signerName: "open-cluster-management.io/grpc" }, want: [] },
]) {
  test(`validateCsr: ${name}`, () => {
    const found = texts(validateCsr(csr(spec)))
    assert.equal(found.length, want.length, found.join("\n"))
    for (const [i, text] of want.entries()) {
      if (typeof text === "string") assert.equal(found[i], text)
      else assert.match(found[i]!, text)
    }
  })
}

test("CERTIFICATE_USAGES: as upstream lists them", () => {
  assert.deepEqual(
    [CERTIFICATE_USAGES.length, CERTIFICATE_USAGES[0], CERTIFICATE_USAGES.at(-1)],
    [23, "any", "timestamping"],
  )
})

const condition = (type: string, status = "True") => ({ type, status })
const certificate = base64(
  newCertificateAuthority({ commonName: "c", clock: { nowMs: () => 0, setTimer: () => assert.fail() }, random })
    .certificatePem,
)
for (const { name, before = {}, after, want } of [
  { name: "approved", after: { conditions: [condition("Approved")] }, want: [] },
  {
    name: "approved and denied",
    before: { conditions: [condition("Approved")] },
    after: { conditions: [condition("Approved"), condition("Denied")] },
    want: ['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
  },
  {
    name: "approved in part",
    after: { conditions: [condition("Approved", "False")] },
    want: ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
  },
  {
    name: "approval taken back",
    before: { conditions: [condition("Approved")] },
    after: { conditions: [] },
    want: ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
  },
  {
    name: "failure taken back",
    before: { conditions: [condition("Failed")] },
    after: {},
    want: ['status.conditions: Forbidden: updates may not remove a condition of type "Failed"'],
  },
  {
    name: "a condition twice",
    after: { conditions: [condition("A"), condition("A", "False")] },
    want: ['status.conditions[1].type: Duplicate value: "A"'],
  },
  {
    name: "a condition without anything",
    after: { conditions: [{}] },
    want: ["status.conditions[0].type: Required value", "status.conditions[0].status: Required value"],
  },
  { name: "issued", after: { certificate }, want: [] },
  {
    name: "issued again",
    before: { certificate },
    after: { certificate: certificate + "Cg==" },
    want: [/updates may not modify existing certificate content$/],
  },
  {
    name: "taken back",
    before: { certificate },
    after: {},
    want: [/updates may not modify existing certificate content$/],
  },
  {
    name: "junk issued",
    after: { certificate: base64("junk") },
    want: ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'],
  },
  {
    name: "a key issued",
    after: { certificate: base64(encodePem("PRIVATE KEY", Buffer.from("k"))) },
    want: [/only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"$/],
  },
  {
    name: "junk in PEM issued",
    after: { certificate: base64(encodePem("CERTIFICATE", Buffer.from("k"))) },
    want: [/Cannot read certificate: Cannot read DER/],
  },
]) {
  test(`validateCsrUpdate: ${name}`, () => {
    const found = texts(validateCsrUpdate(csr({}, after), csr({}, before)))
    assert.equal(found.length, want.length, found.join("\n"))
    for (const [i, text] of want.entries()) {
      if (typeof text === "string") assert.equal(found[i], text)
      else assert.match(found[i]!, text)
    }
  })
}

/** Allows `verb signer` for those in the list. */
const allowing = (...allowed: string[]): Authorizer => ({
  authorize(_user, attributes) {
    assert.ok(attributes.resourceRequest)
    assert.deepEqual([attributes.group, attributes.resource], ["certificates.k8s.io", "signers"])
    return { allowed: allowed.includes(`${attributes.verb} ${attributes.name}`), reason: "" }
  },
})
const masters = csr({ request: base64(createCsr({ key, commonName: "u", organizations: ["a", "system:masters"] })) })
const approved = csr({}, { conditions: [condition("Approved")] })
for (const { name, allowed = [], operation = "UPDATE", subresource = "", object, before, want } of [
  { name: "a request", operation: "CREATE", object: csr({}), want: undefined },
  {
    name: "a request for administrators",
    operation: "CREATE",
    object: masters,
    want: "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
  },
  {
    name: "the same from another signer",
    operation: "CREATE",
    object: csr({ ...(masters["spec"] as object), signerName: "example.com/x" }),
    want: undefined,
  },
  {
    name: "approval without permission",
    allowed: [`sign ${CLIENT}`],
    subresource: "approval",
    object: approved,
    before: csr({}),
    want: `user not permitted to approve requests with signerName "${CLIENT}"`,
  },
  {
    name: "approval with permission",
    allowed: [`approve ${CLIENT}`],
    subresource: "approval",
    object: approved,
    before: csr({}),
    want: undefined,
  },
  {
    name: "approval with permission for the domain",
    allowed: ["approve kubernetes.io/*"],
    subresource: "approval",
    object: approved,
    before: csr({}),
    want: undefined,
  },
  {
    name: "approval with permission for the signer that the request would like to have",
    allowed: ["approve example.com/x"],
    subresource: "approval",
    object: csr({ signerName: "example.com/x" }),
    before: csr({}),
    want: `user not permitted to approve requests with signerName "${CLIENT}"`,
  },
  {
    name: "signing without permission",
    allowed: [`approve ${CLIENT}`],
    subresource: "status",
    object: csr({}, { certificate }),
    before: csr({}),
    want: `user not permitted to sign requests with signerName "${CLIENT}"`,
  },
  {
    name: "signing with permission",
    allowed: [`sign ${CLIENT}`],
    subresource: "status",
    object: csr({}, { certificate }),
    before: csr({}),
    want: undefined,
  },
  {
    name: "failing without permission",
    subresource: "status",
    object: csr({}, { conditions: [condition("Failed")] }),
    before: csr({}),
    want: `user not permitted to sign requests with signerName "${CLIENT}"`,
  },
  {
    name: "a status that stays",
    subresource: "status",
    object: csr({}, { conditions: [] }),
    before: csr({}),
    want: undefined,
  },
]) {
  test(`certificateAdmission: ${name}`, () => {
    const plugin = certificateAdmission(allowing(...allowed))
    const admission = {
      operation,
      subresource,
      resource: { group: "certificates.k8s.io", resource: "certificatesigningrequests" },
      namespace: "",
      name: "x",
      object,
      before,
      user: { name: "u", groups: [] },
      dryRun: false,
      nowMs: 0,
      warn: () => {},
    } as unknown as AdmissionRequest
    const run = () => plugin.validate?.(admission)
    if (want === undefined) run()
    else assert.throws(run, { message: `certificatesigningrequests.certificates.k8s.io "x" is forbidden: ${want}` })
  })
}
