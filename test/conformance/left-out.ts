// Conformance tests that are not run, each with the reason. A pattern is a part of the test's name.
export type LeftOut = { readonly pattern: RegExp; readonly why: string }

const NO_IMAGE = "deploys a webhook or an extension API server from a container image; nothing runs in simulated pods"

export const LEFT_OUT: readonly LeftOut[] = [
  { pattern: /\[sig-api-machinery\] AdmissionWebhook/, why: NO_IMAGE },
  { pattern: /\[sig-api-machinery\] CustomResourceConversionWebhook/, why: NO_IMAGE },
  { pattern: /\[sig-api-machinery\] Aggregator/, why: NO_IMAGE },
  {
    pattern: /CustomResourceFieldSelectors.*\[Privileged:ClusterAdmin\]/,
    why: "deploys a conversion webhook from a container image; on kube-apiserver it fails without nodes, too",
  },
  {
    pattern:
      /\[sig-auth\] ServiceAccounts (should mount an API token into pods|should mount projected service account token)/,
    why: "reads files inside a running container",
  },
  {
    pattern: /\[sig-auth\] ServiceAccounts ServiceAccountIssuerDiscovery/,
    why: "runs a container that fetches and checks the issuer's keys",
  },
]
