import type { JsonObject } from "#apimachinery/json.ts"
import type { Call } from "./call.ts"

// The options of a write as admission sees them: what the client gave, in the form of metav1.

/** metav1.CreateOptions or UpdateOptions; a patch is an update there. @param operation  a PUT or PATCH may create */
export function writeOperationOptions({ info: { query } }: Call, operation: string): object {
  return {
    kind: operation === "CREATE" ? "CreateOptions" : "UpdateOptions",
    apiVersion: "meta.k8s.io/v1",
    ...dryRunOf(query),
    ...textOf(query, "fieldManager"),
    ...textOf(query, "fieldValidation"),
  }
}

/** metav1.DeleteOptions, from the body if there is one and else from the query. */
export function deleteOperationOptions(query: URLSearchParams, body: JsonObject | undefined): object {
  const type = { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" }
  if (body !== undefined) return { ...body, ...type }
  const grace = query.get("gracePeriodSeconds")
  const orphan = query.get("orphanDependents")
  return {
    ...type,
    ...(grace === null || grace === "" ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: orphan === "true" }),
    ...textOf(query, "propagationPolicy"),
    ...dryRunOf(query),
  }
}

function dryRunOf(query: URLSearchParams): object {
  const dryRun = query.getAll("dryRun").filter((value) => value !== "")
  return dryRun.length === 0 ? {} : { dryRun }
}

function textOf(query: URLSearchParams, name: string): object {
  const value = query.get(name) ?? ""
  return value === "" ? {} : { [name]: value }
}
