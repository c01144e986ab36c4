import {
  mergeFunctions,
  NO_TYPES,
  type Environment,
  type FunctionDeclaration,
  type TypeProvider,
} from "#cel/types/declarations.ts"
import * as types from "#cel/types/type.ts"
import type { Type } from "#cel/types/type.ts"
import { CIDR, IP, IP_LIBRARY } from "./ip.ts"
import { LISTS_LIBRARY } from "./lists.ts"
import { FORMATS_LIBRARY } from "./named-formats.ts"
import { OPTIONALS_LIBRARY } from "./optionals.ts"
import { QUANTITY_LIBRARY } from "./quantity.ts"
import { REGEX_LIBRARY } from "./regex.ts"
import { SEMVER_LIBRARY } from "./semver.ts"
import { SETS_LIBRARY } from "./sets.ts"
import { STANDARD } from "./standard.ts"
import { STRINGS_LIBRARY } from "./strings.ts"
import { URLS_LIBRARY } from "./urls.ts"

/** Names of types that expressions may use. */
const TYPE_NAMES: ReadonlyMap<string, Type> = new Map(
  [
    types.BOOL,
    types.BYTES,
    types.DOUBLE,
    types.DURATION,
    types.INT,
    types.LIST,
    types.MAP,
    types.NULL,
    types.STRING,
    types.TIMESTAMP,
    types.TYPE,
    types.UINT,
    types.OPTIONAL,
    IP,
    CIDR,
  ].map((type) => [type.name, type]),
)

/** The libraries that Kubernetes 1.35 has for every expression, but for the authorizer's. */
const KUBERNETES_FUNCTIONS = mergeFunctions(
  STANDARD,
  OPTIONALS_LIBRARY,
  URLS_LIBRARY,
  REGEX_LIBRARY,
  LISTS_LIBRARY,
  QUANTITY_LIBRARY,
  STRINGS_LIBRARY,
  SETS_LIBRARY,
  IP_LIBRARY,
  FORMATS_LIBRARY,
  SEMVER_LIBRARY,
)

export type EnvironmentOptions = {
  readonly variables?: ReadonlyMap<string, Type>
  readonly types?: TypeProvider
  readonly functions?: readonly FunctionDeclaration[]
  readonly container?: string
  readonly bindings?: boolean
}

/**
 * What expressions of Kubernetes 1.35 may refer to.
 *
 * @param options  `functions` are added; the rest is as for other environments, by default without variables and
 *   without `cel.bind`
 * @see apiserver pkg/cel/environment/base.go
 */
export function kubernetesEnvironment(options: EnvironmentOptions = {}): Environment {
  const { variables = new Map(), types: provider = NO_TYPES, functions = [], container = "" } = options
  return {
    functions:
      functions.length === 0 ? KUBERNETES_FUNCTIONS : mergeFunctions([...KUBERNETES_FUNCTIONS.values()], functions),
    variables,
    typeNames: TYPE_NAMES,
    types: provider,
    container,
    bindings: options.bindings ?? false,
  }
}
