// What the expressions of a policy would stumble over in objects of the kinds that it names. Source: k8s.io/apiserver
// admission/plugin/policy/validating/typechecking.go.
import { compareText } from "#apimachinery/json.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { ANYTHING, compileCondition, variableType } from "#apiserver/admission/expressions/condition.ts"
import { admissionEnvironment } from "#apiserver/admission/expressions/environment.ts"
import type { MatchRule } from "#apiserver/admission/match-rules.plan.ts"
import type { ResourceInfo, ResourceTable } from "#apiserver/resource.ts"
import { compile, CompileError, type Environment } from "#cel/expression.ts"
import { kindTypes } from "#cel/schema/kind-types.ts"
import { DYN, type Type } from "#cel/types/type.ts"
import type { PolicySpec } from "./policy.ts"

/** admissionregistration.k8s.io/v1 ExpressionWarning. */
export type ExpressionWarning = { readonly fieldRef: string; readonly warning: string }

/** Kinds that are looked at for one rule. */
const KINDS_MAX = 10

/** Warnings about validations and their messages, in the policy's order. */
export function checkTypes(policy: UnknownObject, resources: ResourceTable): ExpressionWarning[] {
  const spec = policy["spec"] as PolicySpec
  const environments = kindsOf(spec, resources).map((info) => ({
    info,
    environment: environmentFor(spec, info, resources),
  }))
  const check = (fieldRef: string, text: string): ExpressionWarning[] => {
    const problems = environments.flatMap(({ info: { group, version, kind }, environment }) => {
      const compiled = compile(text, environment)
      return compiled instanceof CompileError ? [`${group}/${version}, Kind=${kind}: ${compiled.message}\n`] : []
    })
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join("\n") }]
  }
  return (spec.validations ?? []).flatMap(({ expression, messageExpression = "" }, i) => [
    ...check(`spec.validations[${i}].expression`, expression),
    ...(messageExpression === "" ? [] : check(`spec.validations[${i}].messageExpression`, messageExpression)),
  ])
}

/** The kinds that the policy names one by one, in order: rules with wildcards tell nothing. */
function kindsOf(spec: PolicySpec, resources: ResourceTable): readonly ResourceInfo[] {
  const found = new Set<ResourceInfo>()
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const info of ruleKinds(rule, resources)) {
      found.add(info)
      if (++count === KINDS_MAX) return sorted(found)
    }
  }
  return sorted(found)
}

const sorted = (infos: ReadonlySet<ResourceInfo>) =>
  [...infos].toSorted(
    (a, b) => compareText(a.group, b.group) || compareText(a.version, b.version) || compareText(a.kind, b.kind),
  )

function ruleKinds(rule: MatchRule, resources: ResourceTable): readonly ResourceInfo[] {
  const { apiGroups = [], apiVersions = [] } = rule
  if ([...apiGroups, ...apiVersions].some((name) => name.includes("*"))) return []
  const names = (rule.resources ?? []).filter((name) => !/[*/]/.test(name)).toSorted(compareText)
  return apiGroups.toSorted(compareText).flatMap((group) =>
    apiVersions.toSorted(compareText).flatMap((version) =>
      names.flatMap((name) => {
        const info = resources.find(group, version, name)
        return info?.schema() === undefined ? [] : [info]
      }),
    ),
  )
}

function environmentFor(spec: PolicySpec, info: ResourceInfo, resources: ResourceTable): Environment {
  const object = kindTypes(info.schema()!, info.kind)
  const params = paramTypes(spec, resources)
  const fieldsOf = (name: string) => object.provider.fieldsOf(name) ?? params?.provider.fieldsOf(name)
  const declared = {
    params: params !== undefined,
    authorizer: true,
    object: object.type,
    ...(params === undefined ? {} : { param: params.type }),
    types: { fieldsOf },
  }
  const variables = new Map<string, Type>()
  for (const { name, expression } of spec.variables ?? []) {
    const environment = admissionEnvironment({ ...declared, variables: new Map(variables) })
    variables.set(name, variableType(compileCondition(expression, environment, ANYTHING)) ?? DYN)
  }
  return admissionEnvironment({ ...declared, variables })
}

function paramTypes({ paramKind }: PolicySpec, resources: ResourceTable): ReturnType<typeof kindTypes> | undefined {
  if (paramKind === undefined) return undefined
  const { group, version } = parseApiVersion(paramKind.apiVersion)
  const schema = resources.findKind(group, version, paramKind.kind)?.schema()
  // A name that no kind has: the object and the parameter may be of the same one.
  return schema && kindTypes(schema, `${paramKind.kind}.params`)
}
