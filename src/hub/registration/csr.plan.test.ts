import assert from "node:assert/strict"
import { test } from "node:test"
import type { CertificateSigningRequest } from "#api/kubernetes/certificates.ts"
import { seededRandom } from "#lib/random.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { approve, BOOTSTRAP_GROUPS, isOneTooMany, judgeCsr, WAITING_MAX } from "./csr.plan.ts"

const KEY = newPrivateKey(seededRandom(1))
const AGENT = "system:open-cluster-management:c1:agent"
const GROUP = "system:open-cluster-management:c1"
const ALL = "system:open-cluster-management:managed-clusters"
const JOINING = "system:serviceaccount:open-cluster-management:agent-registration-bootstrap"

type Parts = {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly labels?: Record<string, string>
  readonly dnsNames?: readonly string[]
  readonly spec?: Partial<CertificateSigningRequest["spec"]>
  readonly status?: CertificateSigningRequest["status"]
}

function csr({
  commonName = AGENT,
  organizations = [GROUP, ALL],
  dnsNames = [],
  labels,
  spec,
  status,
}: Parts): CertificateSigningRequest {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "c1-x", labels: labels ?? { "open-cluster-management.io/cluster-name": "c1" } },
    spec: {
      request: Buffer.from(createCsr({ key: KEY, commonName, organizations, dnsNames })).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      username: JOINING,
      usages: ["digital signature", "client auth"],
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  }
}

const NOBODY = { users: [], groups: [] }
const USERS = { users: [JOINING], groups: [] }
const TOKENS = { users: [], groups: BOOTSTRAP_GROUPS }
const RENEWING: Parts = { spec: { username: AGENT } }

for (const { name, parts, approval, want } of [
  { name: "a renewal is asked about, whoever is trusted", parts: RENEWING, approval: NOBODY, want: "ask renew" },
  {
    name: "a renewal without the group of all clusters",
    parts: { ...RENEWING, organizations: [GROUP] },
    approval: NOBODY,
    want: "ask renew",
  },
  { name: "a first request of somebody unknown is for people", parts: {}, approval: NOBODY, want: "leave" },
  ...[[], ["server auth"], ["client auth", "server auth"], ["digital signature"]].map((usages) => ({
    name: `usages ${usages.join(" and ") || "that are none"}`,
    parts: { spec: { usages } },
    approval: USERS,
    want: "leave",
  })),
  { name: "a server's name besides", parts: { dnsNames: ["hub"] }, approval: USERS, want: "leave" },
  { name: "a renewal with a server's name", parts: { ...RENEWING, dnsNames: ["hub"] }, approval: USERS, want: "leave" },
  { name: "a first request of a trusted user", parts: {}, approval: USERS, want: "approve" },
  {
    name: "a first request of a trusted group",
    parts: { spec: { username: "system:bootstrap:ocmhub", groups: ["system:bootstrappers:managedcluster"] } },
    approval: TOKENS,
    want: "approve",
  },
  {
    name: "one cluster's agent for another cluster is no renewal",
    parts: { spec: { username: "system:open-cluster-management:c2:agent" } },
    approval: USERS,
    want: "leave",
  },
  {
    name: "a further organization",
    parts: { organizations: [GROUP, ALL, "system:masters"] },
    approval: USERS,
    want: "leave",
  },
  {
    name: "another cluster's organization",
    parts: { organizations: ["system:open-cluster-management:c2"] },
    approval: USERS,
    want: "leave",
  },
  { name: "its organization twice", parts: { organizations: [GROUP, GROUP] }, approval: USERS, want: "leave" },
  { name: "no organization of its own", parts: { organizations: [ALL] }, approval: USERS, want: "leave" },
  {
    name: "another cluster's common name",
    parts: { commonName: "system:open-cluster-management:c2:agent" },
    approval: USERS,
    want: "leave",
  },
  {
    name: "a common name that goes on",
    parts: { commonName: `${AGENT}:more` },
    approval: USERS,
    want: "leave",
  },
  { name: "no agent's name", parts: { commonName: `${GROUP}:` }, approval: USERS, want: "leave" },
  { name: "no label", parts: { labels: {} }, approval: USERS, want: "leave" },
  {
    name: "an add-on's",
    parts: {
      labels: { "open-cluster-management.io/cluster-name": "c1", "open-cluster-management.io/addon-name": "a" },
    },
    approval: USERS,
    want: "leave",
  },
  {
    name: "another signer",
    parts: { spec: { signerName: "kubernetes.io/kubelet-serving", username: JOINING } },
    approval: USERS,
    want: "leave",
  },
  {
    name: "denied by somebody",
    parts: { status: { conditions: [{ type: "Denied", status: "True" as const }] } },
    approval: USERS,
    want: "leave",
  },
  {
    name: "no request at all",
    parts: { spec: { username: JOINING, request: Buffer.from("nonsense").toString("base64") } },
    approval: USERS,
    want: "leave",
  },
] satisfies { name: string; parts: Parts; approval: object; want: string }[]) {
  test(`judgeCsr: ${name}`, () => assert.equal(judgeCsr(csr(parts), approval).decision, want))
}

const BOUND = ["system:bootstrappers:managedcluster:bound", "system:bootstrappers:managedcluster:name:c1"]
const bound = (parts: Parts = {}): Parts => ({
  ...parts,
  spec: { username: "system:bootstrap:abcdef", groups: BOUND, ...parts.spec },
})

for (const { name, parts, usedFor, want } of [
  { name: "for its own cluster", parts: bound(), want: /^approve/ },
  {
    name: "for another cluster",
    parts: bound({ labels: { "open-cluster-management.io/cluster-name": "c2" } }),
    want: /^deny the token is for cluster "c1" and cannot register "c2"$/,
  },
  {
    name: "for another cluster's agent",
    parts: bound({ commonName: "system:open-cluster-management:c2:agent" }),
    want: /^deny common name is system:open-cluster-management:c2:agent/,
  },
  {
    name: "with a further organization",
    parts: bound({ organizations: [GROUP, "system:masters"] }),
    want: /^deny organizations are/,
  },
  { name: "a second time", parts: bound(), usedFor: "c1-first", want: /^deny the token was used for request c1-first/ },
  {
    name: "by a token that names no cluster",
    parts: bound({ spec: { groups: BOUND.slice(0, 1) } }),
    want: /^deny the token is for cluster ""/,
  },
  {
    name: "by a token that names two",
    parts: bound({ spec: { groups: [...BOUND, "system:bootstrappers:managedcluster:name:c2"] } }),
    want: /^deny the token is for cluster ""/,
  },
  {
    name: "that is decided already",
    parts: bound({ status: { conditions: [{ type: "Approved", status: "True" as const }] } }),
    usedFor: "c1-first",
    want: /^leave/,
  },
] satisfies { name: string; parts: Parts; usedFor?: string; want: RegExp }[]) {
  test(`judgeCsr: a request made with a token for one cluster, ${name}`, () => {
    const verdict = judgeCsr(csr(parts), TOKENS, usedFor)
    assert.match(`${verdict.decision} ${"why" in verdict ? verdict.why : ""}`, want)
  })
}

test("judgeCsr: a token for one cluster is for people where nobody is approved by itself", () =>
  assert.equal(judgeCsr(csr(bound()), NOBODY).decision, "leave"))

test("approve: adds to the conditions that are there, by the approval subresource", () => {
  const action = approve(csr({}), Date.parse("2026-01-02T03:04:05Z"))
  assert.ok(action.do === "update" && action.subresource === "approval")
  assert.deepEqual(
    (action.object as CertificateSigningRequest).status?.conditions?.map((c) => [c.type, c.reason]),
    [["Approved", "AutoApprovedByHubCSRApprovingController"]],
  )
})

test("isOneTooMany: the oldest may wait, whatever the order", () => {
  const waiting = Array.from({ length: WAITING_MAX + 2 }, (_, i) => {
    const name = `c1-${String(i).padStart(2, "0")}`
    return { ...csr({}), metadata: { name, creationTimestamp: `2026-01-01T00:00:${i < 5 ? "00" : "01"}Z` } }
  })
  const refused = waiting.toReversed().filter((request) => isOneTooMany(request, waiting))
  assert.deepEqual(
    refused.map(({ metadata }) => metadata.name),
    ["c1-21", "c1-20"],
  )
})
