import { once, readGenerated } from "#apiserver/builtin/generated-data.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { REF_PREFIX } from "./custom-schemas.ts"
import { customSchemaName, operationScope, operationTag } from "./naming.ts"

type Parameter = { readonly name: string; readonly in: string }
type PathItem = { [method: string]: unknown }

const META = "io.k8s.apimachinery.pkg.apis.meta.v1"
const LIST_PARAMETERS =
  "allowWatchBookmarks continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch sendInitialEvents timeoutSeconds watch"
const WRITE_PARAMETERS = "dryRun fieldManager fieldValidation"
const DELETE_PARAMETERS =
  "dryRun gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy"

/**
 * Parameters are the same for all kinds, built-in ones included: their texts are taken from those. One of them is
 * described in other words where it belongs to a patch.
 */
const knownParameters = once(() => {
  const found = new Map<string, Parameter>()
  const visit = (value: unknown, method: string): void => {
    if (typeof value !== "object" || value === null) return
    for (const [key, child] of Object.entries(value)) {
      if (key !== "parameters") visit(child, key)
      else for (const p of child as Parameter[]) found.set(method === "patch" ? `patch ${p.name}` : p.name, p)
    }
  }
  visit(readGenerated("paths/apis__apps__v1.json"), "")
  return found
})

const parametersOf = (names: string, prefix = "") =>
  names.split(" ").map((name) => knownParameters().get(prefix + name)!)

/** The paths of a custom resource, as apiextensions-apiserver's OpenAPI builder describes them. */
export function customPaths(info: ResourceInfo): { readonly [path: string]: PathItem } {
  const operations = newOperations(info)
  const root = `/apis/${info.group}/${info.version}`
  const base = info.namespaced ? `${root}/namespaces/{namespace}/${info.resource}` : `${root}/${info.resource}`
  const shared = parametersOf(info.namespaced ? "namespace pretty" : "pretty")
  const named = [
    {
      description: `name of the ${info.kind}`,
      in: "path",
      name: "name",
      required: true,
      schema: { type: "string", uniqueItems: true },
    },
    ...shared,
  ]
  const { kind } = info
  const paths: { [path: string]: PathItem } = {
    [base]: {
      get: operations.read("list", `list objects of kind ${kind}`, "list", info.listKind, LIST_PARAMETERS),
      post: operations.write("create", `create a ${kind}`, "post", kind, ["OK", "Created", "Accepted"]),
      delete: operations.deleteCollection(),
      parameters: shared,
    },
    [`${base}/{name}`]: {
      get: operations.read("read", `read the specified ${kind}`, "get", kind, "resourceVersion"),
      put: operations.write("replace", `replace the specified ${kind}`, "put", kind, ["OK", "Created"]),
      delete: operations.deleteOne(),
      patch: operations.patch(`partially update the specified ${kind}`, kind),
      parameters: named,
    },
  }
  if (info.namespaced) {
    const { parameters: _, ...list } = operations.read(
      "list",
      `list objects of kind ${kind}`,
      "list",
      info.listKind,
      "",
      "all",
    )
    paths[`${root}/${info.resource}`] = {
      get: list,
      parameters: parametersOf(`${LIST_PARAMETERS} pretty`).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    }
  }
  for (const { name } of info.subresources) {
    const returned = name === "scale" ? "Scale" : kind
    paths[`${base}/{name}/${name}`] = {
      get: operations.read("read", `read ${name} of the specified ${kind}`, "get", returned, "resourceVersion", name),
      put: operations.write(
        "replace",
        `replace ${name} of the specified ${kind}`,
        "put",
        returned,
        ["OK", "Created"],
        name,
      ),
      patch: operations.patch(`partially update ${name} of the specified ${kind}`, returned, name),
      parameters: named,
    }
  }
  return paths
}

const STATUS_OF = { OK: "200", Created: "201", Accepted: "202" } as const

function newOperations(info: ResourceInfo) {
  const scope = operationScope(info)
  const gvk = { group: info.group, version: info.version, kind: info.kind }
  const place = info.namespaced ? "Namespaced" : ""
  const schemaOf = (kind: string) => {
    const name =
      kind === "Scale"
        ? "io.k8s.api.autoscaling.v1.Scale"
        : kind === "Status" || kind === "DeleteOptions" || kind === "Patch"
          ? `${META}.${kind}`
          : customSchemaName(info, kind)
    return { schema: { $ref: REF_PREFIX + name } }
  }
  const content = (kind: string, types = ["application/json", "application/yaml"]) =>
    Object.fromEntries(types.map((type) => [type, schemaOf(kind)]))
  const responses = (kind: string, statuses: readonly (keyof typeof STATUS_OF)[]) => ({
    ...Object.fromEntries(statuses.map((s) => [STATUS_OF[s], { description: s, content: content(kind) }])),
    "401": { description: "Unauthorized" },
  })
  const operationId = (verb: string, subresource: string) =>
    subresource === "all"
      ? `${verb}${scope}${info.kind}ForAllNamespaces`
      : `${verb}${scope}${place}${info.kind}${subresource.charAt(0).toUpperCase()}${subresource.slice(1)}`
  const head = (verb: string, description: string, subresource = "") => ({
    tags: [operationTag(info)],
    description,
    operationId: operationId(verb, subresource),
  })
  const tail = (action: string) => ({ "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk })
  return {
    read: (verb: string, description: string, action: string, kind: string, parameters: string, subresource = "") => ({
      ...head(verb, description, subresource),
      parameters: parameters === "" ? [] : parametersOf(parameters),
      responses: responses(kind, ["OK"]),
      ...tail(action),
    }),
    write: (
      verb: string,
      description: string,
      action: string,
      kind: string,
      statuses: readonly (keyof typeof STATUS_OF)[],
      subresource = "",
    ) => ({
      ...head(verb, description, subresource),
      parameters: parametersOf(WRITE_PARAMETERS),
      requestBody: { content: content(kind), required: true },
      responses: responses(kind, statuses),
      ...tail(action),
    }),
    patch: (description: string, kind: string, subresource = "") => ({
      ...head("patch", description, subresource),
      parameters: parametersOf(`${WRITE_PARAMETERS} force`, "patch "),
      requestBody: {
        content: content("Patch", [
          "application/apply-patch+yaml",
          "application/json-patch+json",
          "application/merge-patch+json",
        ]),
        required: true,
      },
      responses: responses(kind, ["OK"]),
      ...tail("patch"),
    }),
    deleteOne: () => ({
      ...head("delete", `delete a ${info.kind}`),
      parameters: parametersOf(DELETE_PARAMETERS),
      requestBody: { content: content("DeleteOptions") },
      responses: responses("Status", ["OK", "Accepted"]),
      ...tail("delete"),
    }),
    deleteCollection: () => ({
      ...head("delete", `delete collection of ${info.kind}`),
      operationId: `delete${scope}Collection${place}${info.kind}`,
      parameters: parametersOf(LIST_PARAMETERS),
      responses: responses("Status", ["OK"]),
      ...tail("deletecollection"),
    }),
  }
}
