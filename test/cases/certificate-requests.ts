// Certificate requests that are not as an agent makes them: each is refused or left with a reason, and the rest goes on.
import assert from "node:assert/strict"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CLIENT_SIGNER,
  type CertificateSigningRequest,
} from "#api/kubernetes/certificates.ts"
import { SECRETS } from "#api/kubernetes/core.ts"
import { hasReason, type StatusReason } from "#apimachinery/status-error.ts"
import { acceptCluster } from "#cli/accept.ts"
import { tokenSecret } from "#hub/install/bootstrap-token.ts"
import type { KubeClient } from "#kube/client.ts"
import { EVENTS } from "#kube/events.ts"
import { transportOf } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { realClock } from "#lib/clock.ts"
import { realRandom } from "#lib/random.ts"
import { parseCertificate } from "#lib/x509/certificate.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { eventually } from "../support/eventually.ts"
import type { Connected } from "../support/hawser.ts"

const PREFIX = "system:open-cluster-management:"
const ALL = `${PREFIX}managed-clusters`

type Parts = {
  readonly label?: string
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly usages?: readonly string[]
  readonly signerName?: string
  readonly request?: string
}

const KEY = newPrivateKey(realRandom)

function newRequest(cluster: string, parts: Parts): CertificateSigningRequest {
  const { commonName = `${PREFIX}${cluster}:agent`, organizations = [PREFIX + cluster, ALL], dnsNames = [] } = parts
  const { usages = ["digital signature", "client auth"], signerName = CLIENT_SIGNER, label = cluster } = parts
  const pem = parts.request ?? createCsr({ key: KEY, commonName, organizations, dnsNames })
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "case-", labels: { [CLUSTER_NAME_LABEL]: label } },
    spec: { request: Buffer.from(pem).toString("base64"), signerName, usages: [...usages] },
  }
}

/** Left for a person, and told why. */
const LEFT: readonly (readonly [Parts, RegExp])[] = [
  [{ commonName: `${PREFIX}shop9:agent` }, /common name is .*shop9:agent, want .*CLUSTER:AGENT/],
  [{ commonName: "admin" }, /common name is admin/],
  [{ organizations: [`${PREFIX}shop9`, ALL] }, /organizations are .*shop9/],
  [{ organizations: [`${PREFIX}CLUSTER`, ALL, "system:nodes"] }, /organizations are .*system:nodes/],
  [{ organizations: [] }, /organizations are /],
  [{ label: "shop9" }, /organizations are /],
  [{ dnsNames: ["hub.example.com"] }, /it asks for further names: hub\.example\.com/],
  [{ usages: ["digital signature", "client auth", "server auth"] }, /usages are .*server auth/],
  [{ usages: ["digital signature"] }, /usages are digital signature, want client auth/],
]

/** Refused by the API server itself. */
const REFUSED: readonly (readonly [Parts, StatusReason])[] = [
  [{ organizations: ["system:masters"] }, "Forbidden"],
  [{ request: "nonsense" }, "Invalid"],
  [{ usages: [] }, "Invalid"],
  [{ usages: ["world domination"] }, "Invalid"],
  [{ signerName: "nonsense" }, "Invalid"],
]

/** The hub's controllers run, and nobody is approved by itself. @param agent  as the agent of `cluster`, which has joined */
export async function certificateRequests(hub: Connected, agent: Connected, cluster: string): Promise<void> {
  const create = (client: KubeClient, parts: Parts) => {
    const organizations = parts.organizations?.map((name) => name.replace("CLUSTER", cluster))
    const request = newRequest(cluster, { ...parts, ...(organizations === undefined ? {} : { organizations }) })
    return client.create(CERTIFICATE_SIGNING_REQUESTS, request)
  }
  const decisions = async (name: string) => {
    const { status } = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name })
    return (status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`)
  }
  for (const [parts, reason] of REFUSED) {
    await assert.rejects(create(agent.client, parts), (error: Error) => {
      assert.ok(hasReason(error, reason), `${JSON.stringify(parts)}: ${error.message}`)
      return true
    })
  }
  const made = await Promise.all(LEFT.map(([parts]) => create(agent.client, parts)))
  const kubelet = await create(agent.client, { signerName: "kubernetes.io/kube-apiserver-client-kubelet" })
  await eventually(async () => {
    const notes = (await hub.client.list(EVENTS)).items
      .filter(({ reason }) => reason === "ManagedClusterCSRNotAutoApproved")
      .map(({ regarding, note }) => [regarding?.name, note ?? ""] as const)
    for (const [i, [parts, says]] of LEFT.entries()) {
      const note = notes.find(([name]) => name === made[i]!.metadata.name)?.[1]
      assert.match(note ?? "", new RegExp(says.source.replace("CLUSTER", cluster)), JSON.stringify(parts))
    }
  })
  for (const { metadata } of [...made, kubelet]) assert.deepEqual(await decisions(metadata.name!), [])

  // Nor does a person approve them by mistake, who only looks at the label.
  const said: string[] = []
  const accepting = { nowMs: realClock.nowMs(), skipApproveCheck: true, say: (line: string) => void said.push(line) }
  assert.ok(await acceptCluster(hub.client, cluster, accepting))
  assert.equal(said.filter((line) => /^certificate request case-\S+ not approved: /.test(line)).length, LEFT.length - 1)
  for (const { metadata } of [...made, kubelet]) assert.deepEqual(await decisions(metadata.name!), [])
  for (const { metadata } of made) await hub.client.delete(CERTIFICATE_SIGNING_REQUESTS, { name: metadata.name! })

  await flood(hub, agent, create, decisions)
  await overToken(hub)
}

/** More than a person could look at: those beyond a bound are denied, and a renewal goes through all the same. */
async function flood(
  hub: Connected,
  agent: Connected,
  create: (client: KubeClient, parts: Parts) => Promise<CertificateSigningRequest>,
  decisions: (name: string) => Promise<string[]>,
): Promise<void> {
  const more = await Promise.all(Array.from({ length: 25 }, () => create(hub.client, {})))
  await eventually(async () => {
    const all = await Promise.all(more.map(({ metadata }) => decisions(metadata.name!)))
    const denied = all.filter(([decision]) => decision === "Denied TooManyRequests")
    assert.ok(denied.length >= 5 && denied.length < 25, `${denied.length} are denied: ${JSON.stringify(all.flat())}`)
  })
  const { commonName } = parseCertificate(agent.kubeconfig.cert ?? "").subject
  const renewal = await create(agent.client, { commonName })
  await eventually(async () =>
    assert.deepEqual(await decisions(renewal.metadata.name!), ["Approved AutoApprovedByHubCSRApprovingController"]),
  )
  for (const { metadata } of more) await hub.client.delete(CERTIFICATE_SIGNING_REQUESTS, { name: metadata.name! })
}

/** A token whose time is over is nobody's, whether or not it has been cleared away. */
async function overToken({ client, kubeconfig }: Connected): Promise<void> {
  const secret = "0123456789abcdef"
  const { cert: _cert, key: _key, ...address } = kubeconfig
  const tokens = { overit: "2020-01-01T00:00:00Z", valid1: "2100-01-01T00:00:00Z" }
  for (const [id, expiration] of Object.entries(tokens)) {
    await client.create(SECRETS, tokenSecret({ id, secret, groups: [], labels: {}, expiration }))
  }
  const askWith = async (id: string) => {
    const transport = transportOf({ ...address, token: `${id}.${secret}` }, { clock: realClock })
    const bearer = newKubeClient({ transport, userAgent: "hawser-test", clock: realClock })
    try {
      await bearer.create(CERTIFICATE_SIGNING_REQUESTS, newRequest("shop9", {}))
      assert.fail("a request was made")
    } finally {
      transport.close()
    }
  }
  // Known, and without rights: then the other one would be known as well.
  await eventually(() => assert.rejects(askWith("valid1"), (error) => hasReason(error, "Forbidden")))
  await assert.rejects(askWith("overit"), (error) => hasReason(error, "Unauthorized"))
}
