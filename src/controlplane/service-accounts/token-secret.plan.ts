// Source: k8s.io/kubernetes pkg/controller/serviceaccount/tokens_controller.go.
import { SECRETS, type Secret, type ServiceAccount } from "#api/kubernetes/core.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"

export const TOKEN_SECRET = "kubernetes.io/service-account-token"
export const ACCOUNT_NAME = "kubernetes.io/service-account.name"
const ACCOUNT_UID = "kubernetes.io/service-account.uid"

/**
 * A Secret of this type gets a token of the account that it names, and goes with it.
 *
 * @param issue  a token that is bound to the secret
 */
export function planTokenSecret(
  secret: Secret,
  account: ServiceAccount | undefined,
  options: { readonly caPem: string; readonly issue: () => string },
): Plan {
  const { name = "", namespace = "", uid, resourceVersion, annotations } = secret.metadata
  const wantedUid = annotations?.[ACCOUNT_UID]
  if (secret.type !== TOKEN_SECRET || secret.metadata.deletionTimestamp !== undefined) return NOTHING
  const key = { namespace, name }
  const seen = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  if (account === undefined || (wantedUid !== undefined && wantedUid !== account.metadata.uid))
    return { actions: [{ do: "delete", type: SECRETS as never, key, ...seen }] }
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const data: Record<string, string> = {}
  if (secret.data?.["ca.crt"] !== base64(options.caPem)) data["ca.crt"] = base64(options.caPem)
  if (!secret.data?.["namespace"]) data["namespace"] = base64(namespace)
  if (!secret.data?.["token"]) data["token"] = base64(options.issue())
  if (Object.keys(data).length === 0) return NOTHING
  const patch = { metadata: { annotations: { [ACCOUNT_UID]: account.metadata.uid } }, data }
  return { actions: [{ do: "patch", type: SECRETS as never, key, patch, ...seen }] }
}
