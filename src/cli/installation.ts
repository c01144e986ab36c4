import type { KubeObject } from "#apimachinery/meta.ts"
import { formatYaml } from "#lib/yaml.ts"

/** Objects as `kubectl apply -f -` takes them: YAML documents, or one List in JSON. */
export function formatInstallation(objects: readonly KubeObject[], format: "yaml" | "json"): string {
  if (format === "json") return JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, null, 2) + "\n"
  return objects.map((object) => formatYaml(object)).join("---\n")
}
