// Token secrets: Secrets that hold a token of a service account, for those who want one that does not end.
//
// Reads:    Secret, ServiceAccount.   Wakes on: both.
// Writes:   the token, the authority and the namespace in the Secret; deletes it when its account is gone.
// Gives up when: the Secret is gone.
import { SECRETS, SERVICE_ACCOUNTS, type Secret } from "#api/kubernetes/core.ts"
import { keyOf } from "#apimachinery/meta.ts"
import { applyPlan } from "#runtime/apply-plan.ts"
import { startController, type Runtime } from "#runtime/controller.ts"
import { legacyClaims } from "#apiserver/authentication/legacy-service-account-token.ts"
import type { ServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import type { Cluster } from "#controlplane/cluster.ts"
import { ACCOUNT_NAME, planTokenSecret, TOKEN_SECRET } from "./token-secret.plan.ts"

const BY_ACCOUNT = "token-secret/account"

export function startTokenSecrets(
  runtime: Runtime,
  cluster: Cluster,
  options: { readonly issuer: ServiceAccountIssuer; readonly caPem: string },
): void {
  const secrets = cluster.informers.informer(SECRETS)
  const accounts = cluster.informers.informer(SERVICE_ACCOUNTS)
  const accountKey = ({ type, metadata }: Secret): string[] =>
    type === TOKEN_SECRET ? [`${metadata.namespace}/${metadata.annotations?.[ACCOUNT_NAME]}`] : []
  secrets.addIndex(BY_ACCOUNT, accountKey)
  startController(runtime, {
    name: "token-secret",
    workers: 1,
    sources: [
      {
        informer: secrets,
        keysOf: ({ kind, object }) => (kind === "deleted" || object.type !== TOKEN_SECRET ? [] : [keyOf(object)]),
      },
      {
        informer: accounts,
        keysOf: ({ kind, object }) => (kind === "changed" ? [] : secrets.byIndex(BY_ACCOUNT, keyOf(object)).map(keyOf)),
      },
    ],
    reconcile: async (key, signal) => {
      const secret = secrets.get(key)
      if (secret === undefined) return
      const account = accounts.get(accountKey(secret)[0] ?? "")
      const issue = () =>
        options.issuer.signLegacy(
          legacyClaims({
            namespace: secret.metadata.namespace ?? "",
            secret: secret.metadata.name ?? "",
            account: { name: account?.metadata.name ?? "", uid: account?.metadata.uid ?? "" },
          }),
        )
      const plan = planTokenSecret(secret, account, { caPem: options.caPem, issue })
      await applyPlan(cluster.client, plan, { log: runtime.log, signal })
    },
  })
}
