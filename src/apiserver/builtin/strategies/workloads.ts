// Source: k8s.io/kubernetes pkg/registry/{apps/daemonset,apps/deployment,batch/job}/strategy.go.
import { deepEqual } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { makeObject, objectIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { KindStrategy } from "./kinds.ts"

const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"

function annotate(object: UnknownObject, name: string, value: string): void {
  object.metadata.annotations = { ...object.metadata.annotations, [name]: value }
}

export const DAEMON_SETS: KindStrategy = {
  prepareForCreate(daemonSet) {
    annotate(daemonSet, TEMPLATE_GENERATION, daemonSet.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1")
  },
  prepareForUpdate(daemonSet, before, { subresource }) {
    if (subresource === "status") return
    const old = Number(before.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1")
    const isChanged = !deepEqual(objectIn(daemonSet, "spec")["template"], objectIn(before, "spec")["template"])
    annotate(daemonSet, TEMPLATE_GENERATION, String(isChanged ? old + 1 : old))
  },
}

export const DEPLOYMENTS: KindStrategy = {
  prepareForUpdate(deployment, before, { subresource }) {
    if (subresource === "status") {
      if (before.metadata.labels === undefined) delete deployment.metadata.labels
      else deployment.metadata.labels = { ...before.metadata.labels }
      return
    }
    // Its annotations are handed on to its ReplicaSets, and so count as something to do.
    if (deepEqual(deployment.metadata.annotations, before.metadata.annotations)) return
    deployment.metadata.generation = (before.metadata.generation ?? 0) + 1
  },
}

const CONTROLLER_UID = "controller-uid"
const JOB_NAME = "job-name"
const PREFIX = "batch.kubernetes.io/"

/** A job finds its pods by its own uid, unless it says that it does so itself. */
function selectByUid(job: UnknownObject): void {
  const spec = makeObject(job, "spec")
  if (spec["manualSelector"] === true) return
  const uid = job.metadata.uid ?? ""
  const labels = makeObject(makeObject(makeObject(spec, "template"), "metadata"), "labels")
  for (const prefix of ["", PREFIX]) {
    labels[prefix + JOB_NAME] ??= job.metadata.name ?? ""
    labels[prefix + CONTROLLER_UID] ??= uid
  }
  const matchLabels: Json = makeObject(makeObject(spec, "selector"), "matchLabels")
  matchLabels[PREFIX + CONTROLLER_UID] ??= uid
  // Upstream defaults them when it reads the stored job, and so from the template as it is then.
  if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels } as Record<string, string>
}

export const JOBS: KindStrategy = { prepareForCreate: selectByUid }
