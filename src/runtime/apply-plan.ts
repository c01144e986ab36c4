import type { Log } from "#lib/log.ts"
import { keyOf, parseKey } from "#apimachinery/meta.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import type { ResourceType } from "#apimachinery/gvk.ts"
import { groupResource } from "#apimachinery/gvk.ts"
import { conflict, hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Action, Plan } from "./plan.ts"

export type ApplyPlanOptions = {
  readonly log?: Log
  readonly signal?: AbortSignal
}

/** A single write: what is left of a plan once its groups are taken apart. */
export type Write = Exclude<Action, { readonly do: "together" }>

/** How many writes of a group are under way at once: enough to hide the way to the server, few enough to share it. */
const TOGETHER_MAX = 32

/**
 * Carries out a plan's actions in order and stops at the first that fails. What the plan wants gone and is gone already
 * is no failure.
 *
 * @throws StatusError Conflict, AlreadyExists when the world is not the one that was planned from (so too for an update
 *   or patch of an object that is gone): plan again. Other StatusErrors and ConnectionError as the client
 */
export async function applyPlan(client: KubeClient, plan: Plan, options: ApplyPlanOptions = {}): Promise<void> {
  const write = async (action: Write) => {
    options.signal?.throwIfAborted()
    await carryOut(client, action, options.signal)
    options.log?.debug("Wrote", { ...describeWrite(action), ...(plan.why === undefined ? {} : { why: plan.why }) })
  }
  for (const action of plan.actions) {
    if (action.do === "together") await writeTogether(writesOf(action.actions), write)
    else await write(action)
  }
}

/** Every single write of some actions, in order. */
export function writesOf(actions: readonly Action[]): Write[] {
  return actions.flatMap((action) => (action.do === "together" ? writesOf(action.actions) : [action]))
}

/** @throws the first failure of those that planning again does not cure, else the first of all, when all have ended */
async function writeTogether(writes: readonly Write[], write: (action: Write) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  let next = 0
  const lane = async () => {
    while (next < writes.length) {
      try {
        await write(writes[next++]!)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(TOGETHER_MAX, writes.length) }, lane))
  if (failures.length === 0) return
  throw failures.find((error) => !hasReason(error, "Conflict", "AlreadyExists")) ?? failures[0]
}

/** A write in few words, for logs and traces: `create`, `manifestworks.work.open-cluster-management.io`, `c1/w`. */
export function describeWrite(action: Write): { do: string; resource: string; key: string } {
  const key = keyText("key" in action ? action.key : nameOf(action.object))
  const subresource = "subresource" in action && action.subresource !== undefined ? `/${action.subresource}` : ""
  return { do: action.do, resource: groupResource(action.type) + subresource, key }
}

/** A name that the server is still to make is told by its beginning. */
const nameOf = ({ metadata: { name, generateName, namespace } }: KubeObject) => ({
  name: name ?? `${generateName}…`,
  ...(namespace === undefined ? {} : { namespace }),
})

const keyText = (key: { namespace?: string; name: string }) =>
  key.namespace ? `${key.namespace}/${key.name}` : key.name

async function carryOut(client: KubeClient, action: Write, signal: AbortSignal | undefined): Promise<void> {
  // The type parameter of a resource is for callers who read its objects; a plan's objects are checked by the server.
  const type = action.type as ResourceType<KubeObject>
  const call = signal === undefined ? {} : { signal }
  switch (action.do) {
    case "create":
      await client.create(type, action.object, call)
      return
    case "update":
      await orConflict(action, client.update(type, action.object, { ...call, ...subresourceOf(action) }))
      return
    case "patch":
      await orConflict(
        action,
        client.patch(type, action.key, { merge: withPreconditions(action) }, { ...call, ...subresourceOf(action) }),
      )
      return
    case "apply":
      await client.apply(type, action.object, {
        ...call,
        ...subresourceOf(action),
        fieldManager: action.fieldManager,
        ...(action.force === undefined ? {} : { force: action.force }),
      })
      return
    case "delete":
      await client.delete(type, action.key, { ...call, ...deleteOptionsOf(action) }).catch((error: unknown) => {
        if (!hasReason(error, "NotFound")) throw error
      })
  }
}

const subresourceOf = (action: { readonly subresource?: string }) =>
  action.subresource === undefined ? {} : { subresource: action.subresource }

function deleteOptionsOf(action: Extract<Action, { do: "delete" }>) {
  return {
    ...(action.uid === undefined ? {} : { uid: action.uid }),
    ...(action.resourceVersion === undefined ? {} : { resourceVersion: action.resourceVersion }),
    ...(action.propagationPolicy === undefined ? {} : { propagationPolicy: action.propagationPolicy }),
    ...(action.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: action.gracePeriodSeconds }),
  }
}

/** A merge patch's own metadata is where Kubernetes reads its preconditions. */
function withPreconditions({ patch, uid, resourceVersion }: Extract<Action, { do: "patch" }>) {
  if (uid === undefined && resourceVersion === undefined) return patch
  const metadata = {
    ...(patch["metadata"] as object | undefined),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  return { ...patch, metadata }
}

/** An object that vanished between plan and write is an older state like any other. */
async function orConflict(action: Extract<Action, { do: "update" | "patch" }>, write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error
    const { name } = action.do === "patch" ? action.key : parseKey(keyOf(action.object))
    throw conflict(action.type, name, "the object is gone")
  }
}
