import type { ManifestWork } from "#api/work/v1.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"

/** A work that carries one ConfigMap of its own name into the namespace default. */
export function workOfOne(name: string, cluster: string, is: string = name): ManifestWork {
  const config: UnknownObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data: { is },
  }
  return {
    apiVersion: "work.open-cluster-management.io/v1",
    kind: "ManifestWork",
    metadata: { name, namespace: cluster },
    spec: { workload: { manifests: [config] } },
  }
}
