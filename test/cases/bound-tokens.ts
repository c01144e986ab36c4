// Tokens for one cluster, by the commands and by a client that does what it must not.
import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { MANAGED_CLUSTERS, type ManagedCluster } from "#api/cluster/v1.ts"
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CLIENT_SIGNER,
  type CertificateSigningRequest,
} from "#api/kubernetes/certificates.ts"
import { SECRETS } from "#api/kubernetes/core.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { realRandom } from "#lib/random.ts"
import { transportOf } from "#kube/kubeconfig.ts"
import { newKubeClient } from "#kube/rest.ts"
import { realClock } from "#lib/clock.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, type Connected, type Ended, type Running } from "../support/hawser.ts"

export type Scene = {
  readonly dir: string
  readonly run: (...args: string[]) => Promise<Ended>
  readonly begin: (...args: string[]) => Running
  readonly available: (name: string) => Promise<void>
  readonly hub: Connected
  readonly servers: { readonly hubKubeconfig: string; readonly spokeKubeconfig: string }
}

/** The hub's controllers run. Cluster `shop2` joins, with a token that nothing else can be done with. */
export async function boundTokens(scene: Scene): Promise<void> {
  const { dir, run, begin, available, hub, servers } = scene
  const token = (...args: string[]) => run("token", ...args, "--kubeconfig", servers.hubKubeconfig)
  for (const [args, says] of [
    [["create"], /--cluster-name/],
    [["create", "--cluster-name", "A_"], /Cannot create token for "A_"/],
    [["create", "--cluster-name", "a", "--ttl", "2d"], /want a duration/],
    [["create", "--cluster-name", "a", "--ttl", "48h"], /want a duration/],
  ] as const) {
    const refused = await token(...args)
    assert.equal(refused.code, 2, refused.stderr)
    assert.match(refused.stderr, says)
  }
  const created = await token("create", "--cluster-name", "shop2", "-o", "kubeconfig")
  assert.equal(created.code, 0, created.stderr)
  const bootstrap = join(dir, "shop2.bootstrap.kubeconfig")
  writeFileSync(bootstrap, created.stdout)
  const [id] = /(?<=token: "?)[a-z0-9]{6}/.exec(created.stdout) ?? []
  const listed = await token("list")
  assert.match(listed.stdout, new RegExp(`^${id} +shop2 +\\S+ +\\S+Z$`, "m"))

  const bearer = await connectWith(bootstrap)
  try {
    await refusals(bearer.client)
  } finally {
    bearer.close()
  }

  const spoke = ["--kubeconfig", servers.spokeKubeconfig, "--dir", join(dir, "shop2")]
  begin("join", "--cluster-name", "shop2", "--bootstrap-kubeconfig", bootstrap, ...spoke, "--run")
  const accepted = await run("accept", "shop2", "--wait", "--kubeconfig", servers.hubKubeconfig)
  assert.equal(accepted.code, 0, accepted.stderr)
  await available("shop2")
  await eventually(async () => {
    await assert.rejects(hub.client.get(SECRETS, { namespace: "kube-system", name: `bootstrap-token-${id}` }), (e) =>
      hasReason(e, "NotFound"),
    )
  })
  // kube-apiserver goes by what it last knew of a token for ten seconds.
  await eventually(async () => {
    const again = await run("join", "--cluster-name", "shop2", "--bootstrap-kubeconfig", bootstrap, ...spoke)
    assert.match(again.stderr, /does not know the token/)
  })
  await secondUse(scene, token)
  await revocation(scene, token)
}

async function refusals(client: KubeClient): Promise<void> {
  const forbidden = (call: Promise<unknown>, says: RegExp) =>
    assert.rejects(call, (error: Error) => {
      assert.ok(hasReason(error, "Forbidden"), error.message)
      assert.match(error.message, says)
      return true
    })
  const other = /the token is for cluster "shop2" and cannot register "shop3"/
  await forbidden(client.create(MANAGED_CLUSTERS, newCluster("shop3")), other)
  const opened = { ...newCluster("shop2"), spec: { hubAcceptsClient: true } }
  // Two policies refuse it, and which one is told is chance.
  await forbidden(client.create(MANAGED_CLUSTERS, opened), /cannot accept it|cannot update the HubAcceptsClient field/)
  await forbidden(client.create(CERTIFICATE_SIGNING_REQUESTS, newRequest("shop3")), other)
  const unlabelled = newRequest("shop2")
  unlabelled.metadata = { generateName: "x-" }
  await forbidden(client.create(CERTIFICATE_SIGNING_REQUESTS, unlabelled), /cannot register ""/)
  const kubelet = newRequest("shop2")
  kubelet.spec.signerName = "kubernetes.io/kube-apiserver-client-kubelet"
  await forbidden(client.create(CERTIFICATE_SIGNING_REQUESTS, kubelet), /certificates of signer/)
  await forbidden(client.list(SECRETS, { namespace: "kube-system" }), /cannot list/)

  // What only the request itself says, the policy cannot read: the hub refuses it.
  const foreign = await client.create(CERTIFICATE_SIGNING_REQUESTS, newRequest("shop2", "shop3"))
  await eventually(async () => {
    const { status } = await client.get(CERTIFICATE_SIGNING_REQUESTS, { name: foreign.metadata.name! })
    const [condition] = status?.conditions ?? []
    assert.equal(condition?.type, "Denied")
    assert.match(condition?.message ?? "", /organizations are .*shop3/)
  })
}

/** Two requests with one token, and both are there when the cluster is accepted: one is enough. */
async function secondUse(scene: Scene, token: (...args: string[]) => Promise<Ended>): Promise<void> {
  const { hub, run, servers } = scene
  await withToken(hub, await token("create", "--cluster-name", "shop3", "-o", "json"), async (client) => {
    await client.create(MANAGED_CLUSTERS, newCluster("shop3"))
    for (let i = 0; i < 2; i++) await client.create(CERTIFICATE_SIGNING_REQUESTS, newRequest("shop3"))
    const accepted = await run("accept", "shop3", "--kubeconfig", servers.hubKubeconfig)
    assert.equal(accepted.code, 0, accepted.stderr)
    const labelSelector = `${CLUSTER_NAME_LABEL}=shop3`
    await eventually(async () => {
      const { items } = await client.list(CERTIFICATE_SIGNING_REQUESTS, { labelSelector })
      const conditions = items.flatMap(({ status }) => status?.conditions ?? [])
      assert.deepEqual(conditions.map(({ type }) => type).toSorted(), ["Approved", "Denied"])
      const denied = conditions.find(({ type }) => type === "Denied")
      assert.match(denied?.message ?? "", /the token was used for request shop3-/)
    })
  })
}

/** A request that is pending when its token is revoked is refused, and the token is unknown from then on. */
async function revocation({ hub }: Scene, token: (...args: string[]) => Promise<Ended>): Promise<void> {
  await withToken(
    hub,
    await token("create", "--cluster-name", "shop4", "--ttl", "5m", "-o", "json"),
    async (client) => {
      const { metadata } = await client.create(CERTIFICATE_SIGNING_REQUESTS, newRequest("shop4"))
      const revoked = await token("revoke", "shop4")
      assert.match(revoked.stdout, /^token [a-z0-9]{6} for cluster shop4 revoked\n$/)
      const { status } = await hub.client.get(CERTIFICATE_SIGNING_REQUESTS, { name: metadata.name! })
      assert.deepEqual(
        status?.conditions?.map(({ type, reason }) => [type, reason]),
        [["Denied", "TokenRevoked"]],
      )
      await eventually(() =>
        assert.rejects(client.get(MANAGED_CLUSTERS, { name: "shop4" }), (e) => hasReason(e, "Unauthorized")),
      )
    },
  )
  const unknown = await token("revoke", "shop4")
  assert.equal(unknown.code, 5)
  assert.match(unknown.stderr, /no such token/)
}

/** As the bearer of the token that was created with `-o json`. */
async function withToken({ kubeconfig }: Connected, created: Ended, run: (client: KubeClient) => Promise<void>) {
  assert.equal(created.code, 0, created.stderr)
  const { "hub-token": text } = JSON.parse(created.stdout) as Record<string, string>
  const { cert: _cert, key: _key, ...address } = kubeconfig
  const transport = transportOf({ ...address, token: text! }, { clock: realClock })
  try {
    await run(newKubeClient({ transport, userAgent: "hawser-test", clock: realClock }))
  } finally {
    transport.close()
  }
}

const newCluster = (name: string): ManagedCluster => ({
  apiVersion: "cluster.open-cluster-management.io/v1",
  kind: "ManagedCluster",
  metadata: { name },
  spec: {},
})

/** @param subject  whose name the certificate is asked for, where that is another's */
function newRequest(cluster: string, subject = cluster): CertificateSigningRequest {
  const pem = createCsr({
    key: newPrivateKey(realRandom),
    commonName: `system:open-cluster-management:${subject}:agent`,
    organizations: [`system:open-cluster-management:${subject}`, "system:open-cluster-management:managed-clusters"],
  })
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: `${cluster}-`, labels: { [CLUSTER_NAME_LABEL]: cluster } },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: CLIENT_SIGNER,
      usages: ["digital signature", "key encipherment", "client auth"],
    },
  }
}
