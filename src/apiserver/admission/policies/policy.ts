// Validating admission policies as their objects describe them, with their expressions made ready. Source: k8s.io/apiserver
// admission/plugin/policy/{generic/policy_source,validating/plugin}.go.
import { compareText } from "#apimachinery/json.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import type { LabelSelectorObject } from "#apimachinery/selectors.ts"
import type { NamedCondition } from "#apiserver/admission/expressions/activation.ts"
import {
  ANYTHING,
  compileCondition,
  TEXT,
  TEXT_OR_NOTHING,
  TRUTH,
  variableType,
  type Condition,
} from "#apiserver/admission/expressions/condition.ts"
import { admissionEnvironment } from "#apiserver/admission/expressions/environment.ts"
import { compileMatchConditions, type MatchCondition } from "#apiserver/admission/expressions/match-conditions.ts"
import type { MatchRule } from "#apiserver/admission/match-rules.plan.ts"
import { selectorOf, type MatchCriteria } from "#apiserver/admission/matching.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { DYN, type Type } from "#cel/types/type.ts"

/** admissionregistration.k8s.io/v1 ParamKind. */
export type ParamKind = { readonly apiVersion: string; readonly kind: string }

/** admissionregistration.k8s.io/v1 ParamRef. */
export type ParamRef = {
  readonly name?: string
  readonly namespace?: string
  readonly selector?: LabelSelectorObject
  readonly parameterNotFoundAction?: string
}

export type Validation = {
  readonly expression: Condition
  readonly message: string
  readonly messageExpression: Condition | undefined
  readonly reason: string
}

export type Policy = {
  readonly name: string
  readonly criteria: MatchCriteria
  readonly isFailureIgnored: boolean
  readonly paramKind: ParamKind | undefined
  readonly variables: readonly NamedCondition[]
  readonly matchConditions: readonly NamedCondition[]
  readonly validations: readonly Validation[]
  readonly auditAnnotations: readonly { readonly key: string; readonly value: Condition }[]
}

export type Binding = {
  readonly name: string
  /** Undefined: all that the policy names. */
  readonly criteria: MatchCriteria | undefined
  readonly paramRef: ParamRef | undefined
  readonly actions: readonly string[]
}

/** A policy that somebody has bound. */
export type BoundPolicy = { readonly policy: Policy; readonly bindings: readonly Binding[] }

type MatchResources = {
  readonly namespaceSelector?: LabelSelectorObject
  readonly objectSelector?: LabelSelectorObject
  readonly resourceRules?: readonly MatchRule[]
  readonly excludeResourceRules?: readonly MatchRule[]
  readonly matchPolicy?: string
}

export type PolicySpec = {
  readonly paramKind?: ParamKind
  readonly matchConstraints?: MatchResources
  readonly validations?: readonly {
    readonly expression: string
    readonly message?: string
    readonly messageExpression?: string
    readonly reason?: string
  }[]
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[]
  readonly matchConditions?: readonly MatchCondition[]
  readonly variables?: readonly { readonly name: string; readonly expression: string }[]
  readonly failurePolicy?: string
}

type BindingSpec = {
  readonly policyName: string
  readonly paramRef?: ParamRef
  readonly matchResources?: MatchResources
  readonly validationActions?: readonly string[]
}

const GROUP = "admissionregistration.k8s.io"
const POLICIES = { group: GROUP, resource: "validatingadmissionpolicies" }
const BINDINGS = { group: GROUP, resource: "validatingadmissionpolicybindings" }

/** @returns the bound policies, read anew when one of them or of their bindings has changed: changes act at once */
export function newPolicySource(reader: ObjectReader): () => readonly BoundPolicy[] {
  let versions: readonly number[] = []
  let bound: readonly BoundPolicy[] = []
  let compiled: ReadonlyMap<string, Policy> = new Map()
  return () => {
    const now = [reader.version(POLICIES), reader.version(BINDINGS)]
    if (now.some((version, i) => version !== versions[i])) {
      const next = new Map<string, Policy>()
      bound = readPolicies(reader, (object) => {
        // A change of the status changes nothing here.
        const id = `${object.metadata.uid}/${object.metadata.generation}`
        const policy = compiled.get(id) ?? policyOf(object)
        next.set(id, policy)
        return policy
      })
      compiled = next
      versions = now
    }
    return bound
  }
}

function readPolicies(reader: ObjectReader, compile: (object: UnknownObject) => Policy): readonly BoundPolicy[] {
  const bindings = byName(reader.list(BINDINGS))
  return byName(reader.list(POLICIES)).flatMap((object) => {
    const own = bindings.filter((binding) => (binding["spec"] as BindingSpec).policyName === object.metadata.name)
    return own.length === 0 ? [] : [{ policy: compile(object), bindings: own.map(bindingOf) }]
  })
}

const byName = (objects: readonly UnknownObject[]) =>
  objects.toSorted((a, b) => compareText(a.metadata.name ?? "", b.metadata.name ?? ""))

/** Reads a policy and compiles what it says. */
export function policyOf(object: UnknownObject): Policy {
  const spec = object["spec"] as PolicySpec
  const params = spec.paramKind !== undefined
  const { variables, types } = compileVariables(spec)
  const declared = { params, authorizer: true, variables: types }
  const full = admissionEnvironment(declared)
  const forMessages = admissionEnvironment({ ...declared, authorizer: false })
  return {
    name: object.metadata.name ?? "",
    criteria: criteriaOf(spec.matchConstraints ?? {}),
    isFailureIgnored: spec.failurePolicy === "Ignore",
    paramKind: spec.paramKind,
    variables,
    matchConditions: compileMatchConditions(spec.matchConditions ?? [], declared),
    validations: (spec.validations ?? []).map(({ expression, message = "", messageExpression = "", reason = "" }) => ({
      expression: compileCondition(expression, full, TRUTH),
      message,
      messageExpression: messageExpression === "" ? undefined : compileCondition(messageExpression, forMessages, TEXT),
      reason,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      value: compileCondition(valueExpression, full, TEXT_OR_NOTHING),
    })),
  }
}

/** Each variable may refer to those before it. */
function compileVariables(spec: PolicySpec): { variables: NamedCondition[]; types: ReadonlyMap<string, Type> } {
  const types = new Map<string, Type>()
  const variables = (spec.variables ?? []).map(({ name, expression }) => {
    const environment = admissionEnvironment({
      params: spec.paramKind !== undefined,
      authorizer: true,
      variables: new Map(types),
    })
    const condition = compileCondition(expression, environment, ANYTHING)
    types.set(name, variableType(condition) ?? DYN)
    return { name, condition }
  })
  return { variables, types }
}

function bindingOf(object: UnknownObject): Binding {
  const { paramRef, matchResources, validationActions = [] } = object["spec"] as BindingSpec
  return {
    name: object.metadata.name ?? "",
    criteria: matchResources === undefined ? undefined : criteriaOf(matchResources),
    paramRef,
    actions: validationActions,
  }
}

function criteriaOf(match: MatchResources): MatchCriteria {
  const { resourceRules = [], excludeResourceRules = [] } = match
  return {
    namespaceSelector: selectorOf(match.namespaceSelector),
    objectSelector: selectorOf(match.objectSelector),
    rules: resourceRules.length === 0 ? undefined : resourceRules,
    excluded: excludeResourceRules,
    isEquivalent: match.matchPolicy === "Equivalent",
  }
}
