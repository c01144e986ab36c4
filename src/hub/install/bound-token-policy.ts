// What a token for one cluster must not do, as an admission policy: kube-apiserver and the embedded one both enforce it,
// with no webhook to run.
import { BOUND_BOOTSTRAP_GROUP, BOUND_NAME_PREFIX, CLUSTER_GROUP, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { CLIENT_SIGNER } from "#api/kubernetes/certificates.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { admissionPolicy, celText, forbid } from "./admission-policy.ts"

export const BOUND_TOKEN_POLICY = "bound-token.open-cluster-management.io"

/** The policy and what puts it in force. Refusals are 403. */
export function boundTokenPolicy(): KubeObject[] {
  return admissionPolicy({
    name: BOUND_TOKEN_POLICY,
    rules: [
      { group: CLUSTER_GROUP, resource: "managedclusters", operations: ["CREATE"] },
      { group: "certificates.k8s.io", resource: "certificatesigningrequests", operations: ["CREATE"] },
    ],
    matchConditions: [
      { name: "bound-token", expression: `${celText(BOUND_BOOTSTRAP_GROUP)} in request.userInfo.groups` },
    ],
    variables: [
      {
        name: "bound",
        expression: `request.userInfo.groups.filter(g, g.startsWith(${celText(BOUND_NAME_PREFIX)})).map(g, g.substring(${BOUND_NAME_PREFIX.length}))`,
      },
      { name: "isCluster", expression: `request.resource.resource == "managedclusters"` },
      {
        name: "cluster",
        expression: `variables.isCluster ? object.metadata.?name.orValue("") : object.metadata.?labels[?${celText(CLUSTER_NAME_LABEL)}].orValue("")`,
      },
    ],
    validations: [
      forbid(`size(variables.bound) == 1`, `"the token names no cluster, or several"`),
      forbid(
        `variables.cluster in variables.bound`,
        `"the token is for cluster \\"" + variables.bound.join(",") + "\\" and cannot register \\"" + variables.cluster + "\\""`,
      ),
      forbid(
        `variables.isCluster || object.spec.signerName == ${celText(CLIENT_SIGNER)}`,
        `"the token is for certificates of signer ${CLIENT_SIGNER}"`,
      ),
      forbid(
        `!variables.isCluster || !object.?spec.?hubAcceptsClient.orValue(false)`,
        `"the token announces a cluster and cannot accept it"`,
      ),
    ],
  })
}
