// The language as cel-spec's conformance tests have it: everything that Kubernetes enables. What messages of protocol buffers
// are needed for is left out, and what is different on purpose is listed with its reason.
import assert from "node:assert/strict"
import test from "node:test"
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js"
import { kubernetesEnvironment } from "./libraries/kubernetes.ts"
import { plan } from "./plan/planner.ts"
import { PlanError } from "./plan/frame.ts"
import { evaluate } from "./expression.ts"
import { parse } from "./syntax/parser.ts"
import { eachTest, typeFromWire, valueFromWire, type ConformanceTest, type Suite } from "./testing/conformance-data.ts"
import { check } from "./types/checker.ts"
import { typeText, type Type } from "./types/type.ts"
import { equal } from "./values/equality.ts"
import { isError, type Value } from "./values/value.ts"

/** Suites of what Kubernetes does not have, or of messages only. */
const LEFT_OUT =
  /^(block_ext|dynamic|encoders_ext|enums|math_ext|network_ext|proto2|proto2_ext|proto3|wrappers|comparisons\/\w+_wrapper|type_deductions\/(wrappers|legacy_nullable_types)|parse\/(receiver_function_names|struct_field_names))\//

const EXCEPTIONS: readonly (readonly [path: RegExp, reason: string])[] = [
  [
    /^string_ext\/(format|format_errors)\//,
    "Kubernetes has version 2 of strings, which formats numbers as in English text",
  ],
  [/^fields\/quoted_map_fields\//, "Kubernetes does not enable names in back-quotes"],
  [
    /^optionals\/optionals\/(map_null_entry_no_such_key|map_present_key_invalid_field)$/,
    "as cel-go does by default, what cannot have a field has none when it is asked for with `?`",
  ],
  [/^string_ext\/value_errors\/(last)?indexof_out_of_range$/, "cel-go finds nothing there, and does not fail"],
]

/** @returns undefined when the test passes, "message" when it needs messages, otherwise what is wrong */
function run(given: ConformanceTest): string | undefined {
  const text = JSON.stringify(given)
  if (
    /TestAllTypes|google\.protobuf\.(?!Timestamp|Duration)|"messageType"|GlobalEnum|NestedTestAllTypes|"wrapper"/.test(
      text,
    )
  ) {
    return "message"
  }
  if (given.typeEnv?.some((declared) => declared.function !== undefined)) return "message"
  const variables = new Map<string, Type>()
  for (const { name, ident } of given.typeEnv ?? []) variables.set(name, typeFromWire(ident!.type)!)
  const environment = kubernetesEnvironment({
    variables,
    container: given.container ?? "",
    bindings: true,
  })
  const { expr, issues } = parse(given.expr, true)
  if (expr === undefined) return given.evalError === undefined ? `not read: ${issues[0]!.message}` : undefined
  const checked = given.disableCheck ? undefined : check(expr, environment)
  if (checked !== undefined && checked.issues.length > 0) {
    return given.evalError === undefined ? `not well typed: ${checked.issues[0]!.message}` : undefined
  }
  const deduced = given.typedResult?.deducedType
  const wantedType = deduced && typeFromWire(deduced)
  if (wantedType !== undefined && typeText(wantedType) !== typeText(checked!.types.get(expr)!)) {
    return `of type ${typeText(checked!.types.get(expr)!)}, want ${typeText(wantedType)}`
  }
  if (given.checkOnly) return undefined
  const bindings: Record<string, Value> = {}
  for (const [name, { value }] of Object.entries(given.bindings ?? {})) bindings[name] = valueFromWire(value)!
  let value: Value
  try {
    value = evaluate({ plan: plan(expr, environment, checked) }, bindings).value
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    return given.evalError === undefined ? error.message : undefined
  }
  if (given.evalError !== undefined) return isError(value) ? undefined : `${String(value)}, want an error`
  if (isError(value)) return value.message
  const wire = given.value ?? given.typedResult?.result ?? { boolValue: true }
  const wanted = valueFromWire(wire)
  if (wanted === undefined) return "message"
  const same = equal(value, wanted) === true && typeof value === typeof wanted
  const bothNaN = Number.isNaN(value) && Number.isNaN(wanted)
  return same || bothNaN ? undefined : `${String(value)}, want ${JSON.stringify(wire)}`
}

test("conformance tests of cel-spec", () => {
  const failures: string[] = []
  const used = new Set<number>()
  const counts = { passed: 0, messages: 0, excepted: 0 }
  for (const { path, test: given } of eachTest(tests as unknown as Suite)) {
    if (LEFT_OUT.test(path)) continue
    const outcome = run(given)
    if (outcome === undefined) counts.passed++
    else if (outcome === "message") counts.messages++
    else {
      const exception = EXCEPTIONS.findIndex(([pattern]) => pattern.test(path))
      if (exception >= 0) {
        used.add(exception)
        counts.excepted++
      } else failures.push(`${path}: ${given.expr}: ${outcome}`)
    }
  }
  assert.deepEqual(failures, [])
  assert.equal(used.size, EXCEPTIONS.length, "every exception is needed")
  assert.deepEqual(counts, { passed: 1371, messages: 52, excepted: 28 })
})
