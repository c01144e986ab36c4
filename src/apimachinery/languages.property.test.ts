import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { escapeFieldValue, newFieldSelector, parseFieldSelector } from "./field-selectors.ts"
import { parseQuantity, Quantity, type QuantityFormat } from "./quantity.ts"
import { labelSelectorOf, newLabelSelector, parseLabelSelector, type LabelRequirement } from "./selectors.ts"

const key = fc.constantFrom("a", "in", "notin", "app.kubernetes.io/name")
const value = fc.constantFrom("", "x", "in", "1", "10")
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("=", "==", "!="), values: fc.tuple(value) }),
  fc.record({ key, operator: fc.constantFrom("in", "notin"), values: fc.uniqueArray(value, { minLength: 1 }) }),
  fc.record({ key, operator: fc.constantFrom("exists", "!"), values: fc.constant([]) }),
  fc.record({ key, operator: fc.constantFrom("gt", "lt"), values: fc.tuple(fc.constantFrom("1", "5")) }),
)
const labels = fc.dictionary(key, value)

test("label selectors: what is written is read, and selects the same", () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, set) => {
      const selector = newLabelSelector(requirements)
      const read = parseLabelSelector(selector.toString())
      assert.equal(read.toString(), selector.toString())
      assert.equal(read.matches(set), selector.matches(set))
    }),
  )
})

test("label selectors: the form inside objects selects what the text does", () => {
  const operators = [
    ["In", "in"],
    ["NotIn", "notin"],
  ] as const
  fc.assert(
    fc.property(
      key,
      fc.constantFrom(...operators),
      fc.uniqueArray(value, { minLength: 1 }),
      labels,
      (name, [long, short], values, set) => {
        const object = labelSelectorOf({ matchExpressions: [{ key: name, operator: long, values }] })
        assert.equal(object.matches(set), parseLabelSelector(`${name} ${short} (${values.join(",")})`).matches(set))
      },
    ),
  )
})

test("label selectors: negation", () => {
  fc.assert(
    fc.property(key, fc.uniqueArray(value, { minLength: 1 }), labels, (name, values, set) => {
      const list = `(${values.join(",")})`
      assert.notEqual(
        parseLabelSelector(`${name} in ${list}`).matches(set),
        parseLabelSelector(`${name} notin ${list}`).matches(set),
      )
      assert.notEqual(parseLabelSelector(name).matches(set), parseLabelSelector(`!${name}`).matches(set))
    }),
  )
})

test("field selectors: any value survives", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (wanted, actual) => {
      const selector = newFieldSelector([{ field: "f", operator: "=", value: wanted }])
      const read = parseFieldSelector(`f=${escapeFieldValue(wanted)}`)
      assert.equal(
        read.matches(() => actual),
        selector.matches(() => actual),
      )
      assert.ok(read.matches(() => wanted))
    }),
  )
})

const quantity = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }),
    fc.constantFrom<QuantityFormat>("DecimalSI", "BinarySI", "DecimalExponent"),
  )
  .map(([nanos, format]) => new Quantity(nanos, format))

test("quantities: the canonical text is read as the same amount, and is canonical", () => {
  fc.assert(
    fc.property(quantity, (amount) => {
      const read = parseQuantity(amount.toString())
      assert.equal(read.nanos, amount.nanos)
      assert.equal(read.toString(), amount.toString())
    }),
  )
})

test("quantities: sums and comparisons agree with those of their amounts", () => {
  fc.assert(
    fc.property(quantity, quantity, (a, b) => {
      assert.equal(a.add(b).nanos, a.nanos + b.nanos)
      assert.equal(a.add(b).subtract(b).compare(a), 0)
      assert.equal(a.compare(b), -b.compare(a) + 0)
    }),
  )
})
