import type { OwnerReference } from "#apimachinery/meta.ts"
import type { AppliedManifestWork, ManifestWork } from "#api/work/v1.ts"
import { Contest } from "./contest.ts"
import { deepEqual } from "#apimachinery/json.ts"
import type { Drift } from "./drift.plan.ts"
import type { PreparedManifest } from "./manifests.ts"
import { targetKey } from "./manifests.ts"
import type { AppliedState } from "./object.plan.ts"

/** What the agent remembers of a work between passes. Lost at a restart; nothing depends on it but writes saved. */
export type WorkState = {
  /** As last known: from the hub, from the answer to our own write, or from the cache of an earlier run. */
  work?: ManifestWork
  /** The answer to our own last write of it. */
  applied?: AppliedManifestWork
  prepared?: { readonly of: string; readonly manifests: readonly PreparedManifest[] }
  readonly objects: Map<string, AppliedState>
  readonly contest: Contest
  /** By targetKey; of the version of the work that is applied now. */
  readonly drifts: Map<string, Drift>
  /** Passes in a row in which a manifest could not be applied. */
  failures: number
  /** A write of its status that the hub has not answered yet. */
  reporting?: Promise<void>
  /** What people were told last of what cannot be applied. */
  toldFailure?: string | undefined
  /** When its status was last written. */
  reportedMs: number
  /** The version of the work in the WorkCache. */
  cached?: string
}

export const newWorkState = (): WorkState => ({
  objects: new Map(),
  contest: new Contest(),
  drifts: new Map(),
  failures: 0,
  reportedMs: -Infinity,
})

/** Names one version of a work's spec. */
export function versionOf(work: ManifestWork): string {
  return `${work.metadata.uid}/${work.metadata.generation}`
}

/**
 * A manifest that did not change between two versions of a work stays the very object that it was: that it is the
 * same is then seen without comparing.
 */
export function keepUnchanged(
  manifests: readonly PreparedManifest[],
  objects: ReadonlyMap<string, AppliedState>,
): readonly PreparedManifest[] {
  return manifests.map((manifest) => {
    const before = manifest.target && objects.get(targetKey(manifest.target))?.manifest
    return before && deepEqual(before, manifest.object) ? { ...manifest, object: before } : manifest
  })
}

/** As OCM refers to an AppliedManifestWork from what it applied: not as its controller, several may own an object. */
export function ownerOf(applied: AppliedManifestWork): OwnerReference {
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "AppliedManifestWork",
    name: applied.metadata.name!,
    uid: applied.metadata.uid!,
  }
}
