// What a new pod gets that its author left out. Source: k8s.io/kubernetes pkg/registry/core/pod/strategy.go, and the
// admission plug-ins serviceaccount, priority and defaulttolerationseconds under plugin/pkg/admission.
import type { UnknownObject } from "#apimachinery/meta.ts"
import { forbidden } from "#apimachinery/status-error.ts"
import { qosClassOf } from "#apiserver/builtin/defaults/pod.ts"
import { itemsIn, makeObject, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { NAME_ALPHABET, randomText } from "#lib/random.ts"
import type { Random } from "#lib/random.ts"
import type { KindStrategy } from "./kinds.ts"

const GRACE_SECONDS_DEFAULT = 30
const TOLERATION_SECONDS = 300
const TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
/** An hour and a few seconds, by which kubelets know tokens that were asked for here. */
const TOKEN_SECONDS = 3607

const PODS = { group: "", resource: "pods" }
const PRIORITY_CLASSES = { group: "scheduling.k8s.io", resource: "priorityclasses" }

export type PodDefaulting = {
  readonly random: Random
  readonly reader?: (() => ObjectReader) | undefined
}

export function newPodStrategy(defaulting: PodDefaulting): KindStrategy {
  return {
    prepareForCreate(pod) {
      pod["status"] = { phase: "Pending", qosClass: qosClassOf(pod) }
      const spec = makeObject(pod, "spec")
      setServiceAccount(pod, spec, defaulting)
      setPriority(spec, defaulting)
      setTolerations(spec)
    },
    admit(pod, before) {
      if (before !== undefined || defaulting.reader === undefined) return undefined
      const missing = missingAccount(pod, defaulting.reader())
      if (missing !== undefined) return missing
      const name = textIn(pod["spec"], "priorityClassName")
      if (name === "") return undefined
      if (defaulting.reader().get(PRIORITY_CLASSES, "", name) !== undefined) return undefined
      return forbidden(PODS, pod.metadata.name ?? "", `no PriorityClass with name ${name} was found`)
    },
    defaultGracePeriodSeconds(pod) {
      const phase = textIn(pod["status"], "phase")
      const isUnscheduled = textIn(pod["spec"], "nodeName") === ""
      if (isUnscheduled || phase === "Failed" || phase === "Succeeded") return 0
      const seconds = objectIn(pod, "spec")["terminationGracePeriodSeconds"]
      return typeof seconds === "number" ? Math.max(seconds, 1) : GRACE_SECONDS_DEFAULT
    },
  }
}

/** The account named `default` comes with every namespace, a moment later: pods need not wait for it here. */
function missingAccount(pod: UnknownObject, reader: ObjectReader) {
  const { name: podName = "", namespace = "" } = pod.metadata
  const name = textIn(pod["spec"], "serviceAccountName")
  if (name === "" || name === "default") return undefined
  if (reader.get({ group: "", resource: "serviceaccounts" }, namespace, name) !== undefined) return undefined
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
  return forbidden(PODS, podName, why)
}

function setServiceAccount(pod: UnknownObject, spec: Json, { random, reader }: PodDefaulting): void {
  // A mirror of a pod that a kubelet runs by itself has no account.
  if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return
  const name = textIn(spec, "serviceAccountName") || "default"
  spec["serviceAccountName"] = name
  spec["serviceAccount"] = name
  const account = reader?.().get({ group: "", resource: "serviceaccounts" }, pod.metadata.namespace ?? "", name)
  const automount = spec["automountServiceAccountToken"] ?? account?.["automountServiceAccountToken"] ?? true
  if (account !== undefined && itemsIn(spec, "imagePullSecrets").length === 0) {
    const secrets = itemsIn(account, "imagePullSecrets")
    if (secrets.length > 0) spec["imagePullSecrets"] = secrets.map((s) => ({ ...s }))
  }
  if (automount === true) mountToken(spec, random)
}

function mountToken(spec: Json, random: Random): void {
  const containers = [...itemsIn(spec, "initContainers"), ...itemsIn(spec, "containers")].filter(
    (c) => !itemsIn(c, "volumeMounts").some((m) => m["mountPath"] === TOKEN_MOUNT),
  )
  if (containers.length === 0) return
  const known = itemsIn(spec, "volumes").find((v) => textIn(v, "name").startsWith("kube-api-access-"))
  const name = textIn(known, "name") || `kube-api-access-${randomText(random, 5, NAME_ALPHABET)}`
  for (const container of containers) {
    container["volumeMounts"] = [
      ...itemsIn(container, "volumeMounts"),
      { name, readOnly: true, mountPath: TOKEN_MOUNT },
    ]
  }
  if (known === undefined) spec["volumes"] = [...itemsIn(spec, "volumes"), tokenVolume(name)]
}

function tokenVolume(name: string): Json {
  const namespace = { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [namespace] } },
      ],
      defaultMode: 420,
    },
  }
}

function setPriority(spec: Json, { reader }: PodDefaulting): void {
  const classes = reader?.().list(PRIORITY_CLASSES) ?? []
  const wanted = textIn(spec, "priorityClassName")
  const found = classes.find((c) => (wanted === "" ? c["globalDefault"] === true : c.metadata.name === wanted))
  if (wanted === "" && found !== undefined) spec["priorityClassName"] = found.metadata.name
  spec["priority"] ??= found?.["value"] ?? 0
  spec["preemptionPolicy"] ??= found?.["preemptionPolicy"] ?? "PreemptLowerPriority"
}

function setTolerations(spec: Json): void {
  const tolerations = [...itemsIn(spec, "tolerations")]
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const isTolerated = tolerations.some((t) => {
      const matchesKey = t["key"] === key || textIn(t, "key") === ""
      const matchesEffect = t["effect"] === "NoExecute" || textIn(t, "effect") === ""
      return matchesKey && matchesEffect
    })
    if (isTolerated) continue
    tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: TOLERATION_SECONDS })
  }
  spec["tolerations"] = tolerations
}
