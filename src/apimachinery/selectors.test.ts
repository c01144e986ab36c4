import assert from "node:assert/strict"
import { test } from "node:test"
import { exactLabelValue, labelSelectorOf, labelSelectorOfSet, parseLabelSelector } from "./selectors.ts"

const LABELS = { app: "web", tier: "front", size: "10", empty: "" }

for (const { text, want, printed = text } of [
  { text: "", want: true },
  { text: "app=web", want: true },
  { text: "app==web", want: true },
  { text: "app=db", want: false },
  { text: "app!=web", want: false },
  { text: "absent!=web", want: true },
  { text: "app in (db,web)", want: true },
  { text: "app in (web, db)", want: true, printed: "app in (db,web)" },
  { text: "app notin (web)", want: false },
  { text: "absent notin (web)", want: true },
  { text: "app", want: true },
  { text: "!app", want: false },
  { text: "!absent", want: true },
  { text: "empty=", want: true },
  { text: "absent=", want: false },
  { text: "empty in (,x)", want: true },
  { text: "empty in ()", want: true },
  { text: "size>9", want: true },
  { text: "size<9", want: false },
  { text: "app>9", want: false },
  { text: "tier=front,app=web", want: true, printed: "app=web,tier=front" },
  { text: "tier=front,app=db", want: false, printed: "app=db,tier=front" },
  { text: " app = web ", want: true, printed: "app=web" },
  { text: "in in (in,notin)", want: false },
  { text: "toString", want: false },
]) {
  test(`parseLabelSelector: ${JSON.stringify(text)}`, () => {
    const selector = parseLabelSelector(text)
    assert.equal(selector.matches(LABELS), want)
    assert.equal(selector.toString(), printed)
    assert.equal(selector.empty, text === "")
  })
}

for (const { text, want } of [
  { text: "a,", want: "found '', expected: identifier after ','" },
  { text: ",a", want: "found ',', expected: !, identifier, or 'end of string'" },
  { text: "a b", want: "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
  { text: "a=b=c", want: "found '=', expected: ',' or 'end of string'" },
  { text: "a in b", want: "unable to parse requirement: found 'b' expected: '('" },
  { text: "a in (b", want: "unable to parse requirement: found '', expected: ',' or ')'" },
  {
    text: "a>b",
    want: "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
  },
  { text: "!", want: "unable to parse requirement: found '', expected: identifier" },
]) {
  test(`parseLabelSelector refuses ${text}`, () => {
    assert.throws(() => parseLabelSelector(text), { name: "StatusError", message: want, code: 400 })
  })
}

test("parseLabelSelector names every fault of a key and a value", () => {
  assert.throws(
    () => parseLabelSelector("-a=b"),
    /^StatusError: unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/,
  )
  assert.throws(
    () => parseLabelSelector("a=-b"),
    /^StatusError: unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be/,
  )
})

for (const { name, selector, want } of [
  { name: "absent selects nothing", selector: undefined, want: false },
  { name: "empty selects everything", selector: {}, want: true },
  {
    name: "labels and expressions are all demanded",
    selector: { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "In", values: ["back"] }] },
    want: false,
  },
  { name: "NotIn", selector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["back"] }] }, want: true },
  { name: "Exists", selector: { matchExpressions: [{ key: "tier", operator: "Exists" }] }, want: true },
  { name: "DoesNotExist", selector: { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, want: false },
]) {
  test(`labelSelectorOf: ${name}`, () => assert.equal(labelSelectorOf(selector).matches(LABELS), want))
}

for (const { expression, want } of [
  { expression: { key: "a", operator: "Gt", values: ["1"] }, want: '"Gt" is not a valid label selector operator' },
  {
    expression: { key: "a", operator: "In", values: [] },
    want: "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  },
  {
    expression: { key: "a", operator: "Exists", values: ["x"] },
    want: 'values: Invalid value: ["x"]: values set must be empty for exists and does not exist',
  },
]) {
  test(`labelSelectorOf refuses ${expression.operator} with ${expression.values.length} values`, () => {
    assert.throws(() => labelSelectorOf({ matchExpressions: [expression] }), { message: want, code: 400 })
  })
}

test("exactLabelValue: what an index may be asked for", () => {
  assert.equal(exactLabelValue(parseLabelSelector("app=web,tier"), "app"), "web")
  assert.equal(exactLabelValue(parseLabelSelector("app in (web)"), "app"), "web")
  assert.equal(exactLabelValue(parseLabelSelector("app in (web,db)"), "app"), undefined)
  assert.equal(exactLabelValue(parseLabelSelector("app!=web"), "app"), undefined)
})

test("labelSelectorOfSet: sorted", () => {
  assert.equal(labelSelectorOfSet({ b: "2", a: "1" }).toString(), "a=1,b=2")
})
