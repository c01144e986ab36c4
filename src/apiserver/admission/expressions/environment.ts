// What expressions about admission requests may refer to. Source: k8s.io/apiserver admission/plugin/cel/compile.go.
import type { Environment } from "#cel/expression.ts"
import { kubernetesEnvironment } from "#cel/libraries/kubernetes.ts"
import type { TypeProvider } from "#cel/types/declarations.ts"
import { BOOL, DYN, INT, listType, mapType, STRING, structType, TIMESTAMP, type Type } from "#cel/types/type.ts"
import { AUTHORIZER, AUTHORIZER_FUNCTIONS, RESOURCE_CHECK } from "./authorizer.ts"

/** What depends on where an expression stands. */
export type Declared = {
  readonly params: boolean
  readonly authorizer: boolean
  /** The policy's variables that come before the expression, with their types. */
  readonly variables?: ReadonlyMap<string, Type>
  /** What is known of the object's and the parameter's type; by default nothing is. */
  readonly object?: Type
  readonly param?: Type
  readonly types?: TypeProvider
}

type Fields = { readonly [name: string]: Type }

const TEXTS = listType(STRING)
const TEXT_BY_TEXT = mapType(STRING, STRING)
const GROUP_VERSION_KIND = structType("kubernetes.GroupVersionKind")
const GROUP_VERSION_RESOURCE = structType("kubernetes.GroupVersionResource")
const REQUEST = structType("kubernetes.AdmissionRequest")
const NAMESPACE = structType("kubernetes.Namespace")
const VARIABLES = structType("kubernetes.variables")

/** The object itself is not part of the request: it has a variable of its own. */
const STRUCTS: { readonly [name: string]: Fields } = {
  "kubernetes.GroupVersionKind": { group: STRING, version: STRING, kind: STRING },
  "kubernetes.GroupVersionResource": { group: STRING, version: STRING, resource: STRING },
  "kubernetes.UserInfo": { username: STRING, uid: STRING, groups: TEXTS, extra: mapType(STRING, TEXTS) },
  "kubernetes.AdmissionRequest": {
    kind: GROUP_VERSION_KIND,
    resource: GROUP_VERSION_RESOURCE,
    subResource: STRING,
    requestKind: GROUP_VERSION_KIND,
    requestResource: GROUP_VERSION_RESOURCE,
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: structType("kubernetes.UserInfo"),
    dryRun: BOOL,
    options: DYN,
  },
  "kubernetes.NamespaceSpec": { finalizers: TEXTS },
  "kubernetes.NamespaceCondition": {
    status: STRING,
    type: STRING,
    lastTransitionTime: TIMESTAMP,
    message: STRING,
    reason: STRING,
  },
  "kubernetes.NamespaceStatus": {
    conditions: listType(structType("kubernetes.NamespaceCondition")),
    phase: STRING,
  },
  "kubernetes.NamespaceMetadata": {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: TEXT_BY_TEXT,
    annotations: TEXT_BY_TEXT,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: TEXTS,
  },
  "kubernetes.Namespace": {
    metadata: structType("kubernetes.NamespaceMetadata"),
    spec: structType("kubernetes.NamespaceSpec"),
    status: structType("kubernetes.NamespaceStatus"),
  },
}

const FIELDS = new Map(Object.entries(STRUCTS).map(([name, fields]) => [name, new Map(Object.entries(fields))]))

export function admissionEnvironment(declared: Declared): Environment {
  const { variables, object = DYN, param = DYN, types } = declared
  const names = new Map<string, Type>([
    ["object", object],
    ["oldObject", object],
    ["namespaceObject", NAMESPACE],
    ["request", REQUEST],
  ])
  if (declared.params) names.set("params", param)
  if (declared.authorizer) {
    names.set("authorizer", AUTHORIZER)
    names.set("authorizer.requestResource", RESOURCE_CHECK)
  }
  if (variables !== undefined) names.set("variables", VARIABLES)
  const fieldsOf = (name: string) => (name === VARIABLES.name ? variables : (FIELDS.get(name) ?? types?.fieldsOf(name)))
  base ??= kubernetesEnvironment({ functions: AUTHORIZER_FUNCTIONS })
  return { ...base, variables: names, types: { fieldsOf } }
}

/** What all have, put together when the first expression comes. */
let base: Environment | undefined
