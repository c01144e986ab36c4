// The values of what expressions about a request refer to. Source: k8s.io/apiserver admission/plugin/cel/{activation,composition}.go.
import type { JsonObject } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { AdmissionRequest } from "#apiserver/admission/admission.ts"
import { kindOf, namespaceOf } from "#apiserver/admission/matching.ts"
import { describeRequest, groupVersionResource } from "#apiserver/admission/request-description.ts"
import type { Authorizer } from "#apiserver/request.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { valueOf } from "#cel/values/from-json.ts"
import { CelError, isError, MapValue, type Value } from "#cel/values/value.ts"
import { AuthorizerValue, ResourceCheckValue } from "./authorizer.ts"
import { evaluateProgram, type Condition, type Variables } from "./condition.ts"

/** A request as one policy or webhook sees it. */
export type Subject = {
  readonly request: AdmissionRequest
  /** The version in which it is seen. */
  readonly info: ResourceInfo
  /** It is told as one of its own version nevertheless, but for its kind: so do match conditions see requests. */
  readonly toldAsRequested?: boolean
  readonly object: UnknownObject | undefined
  readonly oldObject: UnknownObject | undefined
  /** Absent for what is in none. */
  readonly namespace?: UnknownObject | undefined
  readonly params?: UnknownObject | undefined
  readonly authorizer: Authorizer
}

export type NamedCondition = { readonly name: string; readonly condition: Condition }

/** Values by name, each made when an expression first asks for it. */
export function variablesFor(subject: Subject, composed: readonly NamedCondition[] = []): Variables {
  const variables = new Composed(composed, () => activation)
  const values: { readonly [name: string]: Value } = lazily({
    object: () => valueOf(subject.object),
    oldObject: () => valueOf(subject.oldObject),
    namespaceObject: () => valueOf(subject.namespace && shownNamespace(subject.namespace)),
    params: () => valueOf(subject.params),
    request: () => valueOf(describeSubject(subject)),
    authorizer: () => authorizerOf(subject),
    "authorizer.requestResource": () => requestResourceOf(subject),
    variables: () => variables,
  })
  const activation: Variables = { values, takeCost: () => variables.takeCost() }
  return activation
}

function lazily(makers: { readonly [name: string]: () => Value }): { readonly [name: string]: Value } {
  const values = {}
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(values, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make()
        Object.defineProperty(values, name, { value, enumerable: true })
        return value
      },
    })
  }
  return values
}

function describeSubject({ request, info, toldAsRequested = false }: Subject): JsonObject {
  const { resource, subresource, name, operation, user, dryRun } = request
  const described = describeRequest({
    kind: kindOf(info, subresource),
    resource: groupVersionResource(toldAsRequested ? resource : info),
    subresource,
    requestKind: kindOf(resource, subresource),
    requestResource: groupVersionResource(resource),
    name,
    namespace: namespaceOf(request),
    operation,
    user,
    options: request.options?.(),
    dryRun,
  })
  return { ...described, uid: "", object: null, oldObject: null }
}

/** Without what belongs to other managers and owners. */
function shownNamespace({ metadata, ...rest }: UnknownObject): UnknownObject {
  const shown = { ...metadata }
  delete shown.managedFields
  delete shown.ownerReferences
  return { ...rest, metadata: shown }
}

const authorizerOf = ({ authorizer, request }: Subject) => new AuthorizerValue(authorizer, request.user)

function requestResourceOf(subject: Subject): Value {
  const { resource, subresource, name } = subject.request
  return new ResourceCheckValue(authorizerOf(subject), {
    group: resource.group,
    resource: resource.resource,
    subresource,
    namespace: namespaceOf(subject.request),
    name,
  })
}

/** The policy's variables. Each is evaluated when it is first asked for, and once. */
class Composed extends MapValue {
  readonly #conditions: ReadonlyMap<string, Condition>
  readonly #activation: () => Variables
  readonly #values = new Map<string, Value>()
  #cost = 0

  constructor(conditions: readonly NamedCondition[], activation: () => Variables) {
    super()
    this.#conditions = new Map(conditions.map(({ name, condition }) => [name, condition]))
    this.#activation = activation
  }

  takeCost(): number {
    const cost = this.#cost
    this.#cost = 0
    return cost
  }

  override get size(): number {
    return this.#conditions.size
  }

  override keys(): Iterable<Value> {
    return this.#conditions.keys()
  }

  override find(key: Value): Value | undefined {
    const condition = typeof key === "string" ? this.#conditions.get(key) : undefined
    if (condition === undefined) return undefined
    const name = key as string
    let value = this.#values.get(name)
    if (value === undefined) {
      value = this.#evaluate(name, condition)
      this.#values.set(name, value)
    }
    return value
  }

  #evaluate(name: string, { program, error }: Condition): Value {
    const quoted = JSON.stringify(name)
    if (program === undefined) return new CelError(`composited variable ${quoted} fails to compile: ${error}`)
    const { value, cost } = evaluateProgram(program, this.#activation())
    this.#cost += cost
    return isError(value) ? new CelError(`composited variable ${quoted} fails to evaluate: ${value.message}`) : value
  }
}
