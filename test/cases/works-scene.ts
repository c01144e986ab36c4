// One member, on which each case has a namespace of its own, and what works are made of.
import assert from "node:assert/strict"
import { CONFIG_MAPS, NAMESPACES, type ConfigMap } from "#api/kubernetes/core.ts"
import { APPLIED_MANIFEST_WORKS, MANIFEST_WORKS } from "#api/work/v1.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { findCondition } from "#apimachinery/conditions.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import { eventually } from "../support/eventually.ts"
import type { FleetHarness } from "./harness.ts"

type Config = NonNullable<ManifestWork["spec"]["manifestConfigs"]>[number]

export type WorksCasesOptions = {
  readonly withinMs: number
  /** Whether the hub refuses works that are too large: a served webhook does, an admission policy cannot. */
  readonly measuresWorks: boolean
}

/** Registers a case, which has a namespace of its own. */
export type Case = (name: string, run: (scene: WorksScene) => Promise<void>) => void

export class WorksScene {
  readonly hub: KubeClient
  readonly member: KubeClient
  readonly cluster: string
  /** On the member, and the name of the first work. */
  readonly namespace: string
  readonly #withinMs: number

  constructor(fleet: FleetHarness, namespace: string, withinMs: number) {
    this.hub = fleet.hub
    this.member = fleet.members[0]!.client
    this.cluster = fleet.members[0]!.name
    this.namespace = namespace
    this.#withinMs = withinMs
  }

  eventually<T>(check: () => T | Promise<T>): Promise<T> {
    return eventually(check, this.#withinMs)
  }

  async makeNamespace(name = this.namespace): Promise<void> {
    await this.member.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name } })
  }

  // --- works ---

  say(
    manifests: readonly UnknownObject[],
    spec: Partial<ManifestWork["spec"]> = {},
    name = this.namespace,
  ): Promise<ManifestWork> {
    return this.hub.create(MANIFEST_WORKS, {
      apiVersion: "work.open-cluster-management.io/v1",
      kind: "ManifestWork",
      metadata: { namespace: this.cluster, name },
      spec: { workload: { manifests: [...manifests] }, ...spec },
    } as ManifestWork)
  }

  change(spec: object, name = this.namespace): Promise<ManifestWork> {
    return this.hub.patch(MANIFEST_WORKS, { namespace: this.cluster, name }, { merge: { spec } })
  }

  remove(name = this.namespace): Promise<unknown> {
    return this.hub.delete(MANIFEST_WORKS, { namespace: this.cluster, name })
  }

  work(name = this.namespace): Promise<ManifestWork | undefined> {
    return orUndefined(this.hub.get(MANIFEST_WORKS, { namespace: this.cluster, name }))
  }

  /** Waits until the work says so of its present generation. @returns the work */
  is(type: string, status: string, name = this.namespace): Promise<ManifestWork> {
    return this.eventually(async () => {
      const work = await this.work(name)
      const condition = findCondition(work?.status?.conditions, type)
      assert.deepEqual(
        [condition?.status, condition?.observedGeneration],
        [status, work?.metadata.generation],
        `${type} of ${name}: ${JSON.stringify(work?.status)}`,
      )
      return work!
    })
  }

  isGone(name = this.namespace): Promise<void> {
    return this.eventually(async () => assert.equal(await this.work(name), undefined))
  }

  async record(name = this.namespace): Promise<AppliedManifestWork | undefined> {
    const { items } = await this.member.list(APPLIED_MANIFEST_WORKS)
    return items.find(({ spec }) => spec.manifestWorkName === name)
  }

  // --- objects on the member ---

  configMap(name: string, data: Record<string, string>, metadata: object = {}): ConfigMap {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: this.namespace, name, ...metadata }, data }
  }

  config(name: string, more: Omit<Config, "resourceIdentifier">): Config {
    return { resourceIdentifier: { group: "", resource: "configmaps", namespace: this.namespace, name }, ...more }
  }

  get(name: string): Promise<ConfigMap | undefined> {
    return orUndefined(this.member.get(CONFIG_MAPS, { namespace: this.namespace, name }))
  }

  async data(name: string): Promise<Record<string, string> | undefined> {
    return (await this.get(name))?.data
  }

  holds(name: string, data: Record<string, string> | undefined): Promise<void> {
    return this.eventually(async () => assert.deepEqual(await this.data(name), data, name))
  }

  edit(name: string, merge: object): Promise<ConfigMap> {
    const key = { namespace: this.namespace, name }
    return this.member.patch(CONFIG_MAPS, key, { merge }, { fieldManager: "by-hand" })
  }
}

/** `True Reason: message` of each manifest, in the order of the spec. */
export function manifestsOf(work: ManifestWork | undefined, type: string): readonly string[] {
  return (work?.status?.resourceStatus?.manifests ?? []).map(({ conditions }) => {
    const { status, reason, message } = findCondition(conditions, type) ?? {}
    return `${status} ${reason}: ${message}`
  })
}

export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined
    throw error
  }
}

/** A definition of a kind of the test's own. */
export const definition = (group: string): UnknownObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `things.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
})
