// What a token for one cluster must not do, as an admission policy: kube-apiserver and the embedded one both enforce it,
// with no webhook to run.
import { BOUND_BOOTSTRAP_GROUP, BOUND_NAME_PREFIX, CLUSTER_GROUP, CLUSTER_NAME_LABEL } from "#api/cluster/names.ts"
import { CLIENT_SIGNER } from "#api/kubernetes/certificates.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { MANAGED_BY_LABEL } from "./names.ts"

export const BOUND_TOKEN_POLICY = "bound-token.open-cluster-management.io"
const ADMISSION = "admissionregistration.k8s.io"
const metadata = { name: BOUND_TOKEN_POLICY, labels: MANAGED_BY_LABEL }

/** The policy and what puts it in force. Refusals are 403. */
export function boundTokenPolicy(): KubeObject[] {
  const created = (apiGroup: string, resource: string) => ({
    apiGroups: [apiGroup],
    apiVersions: ["*"],
    resources: [resource],
    operations: ["CREATE"],
  })
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        created(CLUSTER_GROUP, "managedclusters"),
        created("certificates.k8s.io", "certificatesigningrequests"),
      ],
    },
    matchConditions: [{ name: "bound-token", expression: `${text(BOUND_BOOTSTRAP_GROUP)} in request.userInfo.groups` }],
    variables: [
      {
        name: "bound",
        expression: `request.userInfo.groups.filter(g, g.startsWith(${text(BOUND_NAME_PREFIX)})).map(g, g.substring(${BOUND_NAME_PREFIX.length}))`,
      },
      { name: "isCluster", expression: `request.resource.resource == "managedclusters"` },
      {
        name: "cluster",
        expression: `variables.isCluster ? object.metadata.?name.orValue("") : object.metadata.?labels[?${text(CLUSTER_NAME_LABEL)}].orValue("")`,
      },
    ],
    validations: [
      refuse(`size(variables.bound) == 1`, `"the token names no cluster, or several"`),
      refuse(
        `variables.cluster in variables.bound`,
        `"the token is for cluster \\"" + variables.bound.join(",") + "\\" and cannot register \\"" + variables.cluster + "\\""`,
      ),
      refuse(
        `variables.isCluster || object.spec.signerName == ${text(CLIENT_SIGNER)}`,
        `"the token is for certificates of signer ${CLIENT_SIGNER}"`,
      ),
      refuse(
        `!variables.isCluster || !object.?spec.?hubAcceptsClient.orValue(false)`,
        `"the token announces a cluster and cannot accept it"`,
      ),
    ],
  }
  const head = { apiVersion: `${ADMISSION}/v1`, metadata }
  return [
    { ...head, kind: "ValidatingAdmissionPolicy", spec } as KubeObject,
    {
      ...head,
      kind: "ValidatingAdmissionPolicyBinding",
      spec: { policyName: BOUND_TOKEN_POLICY, validationActions: ["Deny"] },
    } as KubeObject,
  ]
}

const text = (value: string) => JSON.stringify(value)

const refuse = (expression: string, messageExpression: string) => ({
  expression,
  messageExpression,
  reason: "Forbidden",
})
