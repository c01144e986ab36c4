import type { KubeObject } from "#apimachinery/meta.ts"
import { MANAGED_BY_LABEL } from "./names.ts"

export type PolicyValidation = {
  /** CEL; holds for what may be written. */
  readonly expression: string
  /** CEL; what the refused one is told. */
  readonly messageExpression: string
  readonly reason: "Forbidden" | "Invalid"
}

export type PolicyParts = {
  readonly name: string
  readonly rules: readonly {
    readonly group: string
    readonly resource: string
    readonly operations: readonly ("CREATE" | "UPDATE")[]
  }[]
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
  readonly variables: readonly { readonly name: string; readonly expression: string }[]
  readonly validations: readonly PolicyValidation[]
}

/** A ValidatingAdmissionPolicy and the binding that puts it in force: what it cannot decide it refuses. */
export function admissionPolicy({ name, rules, ...spec }: PolicyParts): KubeObject[] {
  const head = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name, labels: MANAGED_BY_LABEL } }
  return [
    {
      ...head,
      kind: "ValidatingAdmissionPolicy",
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: rules.map(({ group, resource, operations }) => ({
            apiGroups: [group],
            apiVersions: ["*"],
            resources: [resource],
            operations,
          })),
        },
        ...spec,
      },
    } as KubeObject,
    {
      ...head,
      kind: "ValidatingAdmissionPolicyBinding",
      spec: { policyName: name, validationActions: ["Deny"] },
    } as KubeObject,
  ]
}

export const celText = (value: string): string => JSON.stringify(value)

/** Refused with 403: the one who asks may not. */
export const forbid = (expression: string, messageExpression: string): PolicyValidation => ({
  expression,
  messageExpression,
  reason: "Forbidden",
})

/** Refused with 422: nobody may. */
export const invalid = (expression: string, messageExpression: string): PolicyValidation => ({
  expression,
  messageExpression,
  reason: "Invalid",
})
