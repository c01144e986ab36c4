// Certificates of a cluster's agent, asked for over the API as an agent does.
import { createHash } from "node:crypto"
import { agentUser, clusterGroup, CLUSTER_NAME_LABEL, MANAGED_CLUSTERS_GROUP } from "#api/cluster/names.ts"
import { CERTIFICATE_SIGNING_REQUESTS, CLIENT_SIGNER } from "#api/kubernetes/certificates.ts"
import type { KubeClient } from "#kube/client.ts"
import { seededRandom } from "#lib/random.ts"
import { createCsr } from "#lib/x509/csr.ts"
import { newPrivateKey } from "#lib/x509/keys.ts"
import { decodePem } from "#lib/x509/pem.ts"

/** The same for the same cluster. */
const keyOf = (cluster: string) =>
  newPrivateKey(seededRandom(createHash("sha256").update(cluster).digest().readUInt32BE()))

/** Asks for a certificate of the cluster's agent. @returns the request's name, and the key that the certificate is for */
export async function requestCertificate(client: KubeClient, cluster: string) {
  const key = keyOf(cluster)
  const request = createCsr({
    key,
    commonName: agentUser(cluster, "agent"),
    organizations: [clusterGroup(cluster), MANAGED_CLUSTERS_GROUP],
  })
  const made = await client.create(CERTIFICATE_SIGNING_REQUESTS, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: `${cluster}-`, labels: { [CLUSTER_NAME_LABEL]: cluster } },
    spec: {
      request: Buffer.from(request).toString("base64"),
      signerName: CLIENT_SIGNER,
      usages: ["digital signature", "key encipherment", "client auth"],
    },
  })
  return { name: made.metadata.name ?? "", key }
}

/** The certificate that a request was answered with, PEM. @throws when there is none */
export async function issuedPem(client: KubeClient, csr: string): Promise<string> {
  const { status } = await client.get(CERTIFICATE_SIGNING_REQUESTS, { name: csr })
  if (status?.certificate === undefined)
    throw new Error(`Cannot join: "${csr}" has ${JSON.stringify(status)}, want a certificate`)
  return Buffer.from(status.certificate, "base64").toString()
}

/** The same, DER. */
export async function issuedTo(client: KubeClient, csr: string): Promise<Uint8Array> {
  const [block] = decodePem(await issuedPem(client, csr))
  if (block === undefined) throw new Error(`Cannot join: the certificate of "${csr}" cannot be read`)
  return block.der
}
