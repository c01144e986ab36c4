// Source: k8s.io/kubernetes pkg/controller/bootstrap, k8s.io/cluster-bootstrap/token/jws.
import { CONFIG_MAPS, SECRETS, type ConfigMap, type Secret } from "#api/kubernetes/core.ts"
import { parseTimeMs } from "#lib/clock.ts"
import { signDetached } from "#lib/detached-jws.ts"
import { NOTHING, type Plan } from "#runtime/plan.ts"

export const BOOTSTRAP_TOKEN = "bootstrap.kubernetes.io/token"
const SIGNATURE_PREFIX = "jws-kubeconfig-"

const textOf = ({ data }: Secret, key: string) => Buffer.from(data?.[key] ?? "", "base64").toString("utf8")

/** A bootstrap token goes when its time is over; one without an expiration stays. */
export function planBootstrapToken(secret: Secret, nowMs: number): Plan {
  const endsMs = parseTimeMs(textOf(secret, "expiration"))
  if (secret.type !== BOOTSTRAP_TOKEN || endsMs === undefined || secret.metadata.deletionTimestamp !== undefined)
    return NOTHING
  if (nowMs < endsMs) return { actions: [], requeueAfterMs: endsMs - nowMs }
  const { name = "", namespace = "", uid } = secret.metadata
  const key = { namespace, name }
  return { actions: [{ do: "delete", type: SECRETS as never, key, ...(uid === undefined ? {} : { uid }) }] }
}

/** `kube-public/cluster-info` carries a signature by every token that is good for signing: who has one can trust it. */
export function planSignatures(info: ConfigMap, tokens: readonly Secret[], nowMs: number): Plan {
  const { kubeconfig } = info.data ?? {}
  if (kubeconfig === undefined || info.metadata.deletionTimestamp !== undefined) return NOTHING
  const wanted = new Map(
    tokens
      .filter((token) => isSigning(token, nowMs))
      .map((token) => [
        SIGNATURE_PREFIX + textOf(token, "token-id"),
        signDetached(kubeconfig, { id: textOf(token, "token-id"), secret: textOf(token, "token-secret") }),
      ]),
  )
  const patch: Record<string, string | null> = {}
  for (const name of Object.keys(info.data ?? {}))
    if (name.startsWith(SIGNATURE_PREFIX) && !wanted.has(name)) patch[name] = null
  for (const [name, signature] of wanted) if (info.data?.[name] !== signature) patch[name] = signature
  if (Object.keys(patch).length === 0) return NOTHING
  const { name = "", namespace = "" } = info.metadata
  return { actions: [{ do: "patch", type: CONFIG_MAPS as never, key: { namespace, name }, patch: { data: patch } }] }
}

function isSigning(secret: Secret, nowMs: number): boolean {
  const [id, key, expiration] = ["token-id", "token-secret", "expiration"].map((field) => textOf(secret, field))
  const isNamed = secret.metadata.name === `bootstrap-token-${id}` && id !== "" && key !== ""
  const isOver = expiration !== "" && (parseTimeMs(expiration) ?? 0) <= nowMs
  const isMeant = textOf(secret, "usage-bootstrap-signing") === "true"
  return (
    secret.type === BOOTSTRAP_TOKEN && isNamed && isMeant && !isOver && secret.metadata.deletionTimestamp === undefined
  )
}
