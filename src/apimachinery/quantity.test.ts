import assert from "node:assert/strict"
import { test } from "node:test"
import { canonicalQuantity, parseQuantity, QuantityError } from "./quantity.ts"

for (const { text, want, units } of [
  { text: "0", want: "0", units: 0n },
  { text: "1", want: "1", units: 1n },
  { text: "100m", want: "100m", units: 1n },
  { text: "1000m", want: "1", units: 1n },
  { text: "1500m", want: "1500m", units: 2n },
  { text: "1.5", want: "1500m", units: 2n },
  { text: "0.5Gi", want: "512Mi", units: 536_870_912n },
  { text: "1.5Gi", want: "1536Mi", units: 1_610_612_736n },
  { text: "1024Ki", want: "1Mi", units: 1_048_576n },
  { text: "5Ki", want: "5Ki", units: 5120n },
  { text: "0.1Ki", want: "102400m", units: 103n },
  { text: "1000Ki", want: "1000Ki", units: 1_024_000n },
  { text: "12e6", want: "12e6", units: 12_000_000n },
  { text: "1E3", want: "1E3", units: 1000n },
  { text: "1000k", want: "1M", units: 1_000_000n },
  { text: "-1.5", want: "-1500m", units: -2n },
  { text: "+5", want: "+5", units: 5n },
  { text: "1n", want: "1n", units: 1n },
  { text: "0.1n", want: "1n", units: 1n },
  { text: "16Ei", want: "9223372036854775807", units: 9_223_372_036_854_775_807n },
]) {
  test(`parseQuantity: ${text}`, () => {
    assert.equal(parseQuantity(text).toString(), want)
    assert.equal(parseQuantity(text).toUnits(), units)
  })
}

for (const { text, want } of [
  { text: "", want: /^quantities must match the regular expression/ },
  { text: "1.5.5", want: /^quantities must match/ },
  { text: "abc", want: /^quantities must match/ },
  { text: "1 Gi", want: /^quantities must match/ },
  { text: "1mi", want: /^unable to parse quantity's suffix$/ },
  { text: "1KiB", want: /^quantities must match/ },
  { text: "1e2000000000", want: /^unable to parse quantity's suffix$/ },
]) {
  test(`parseQuantity refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseQuantity(text),
      (error: Error) => error instanceof QuantityError && want.test(error.message),
    )
  })
}

test("Quantity: compares and adds across formats without rounding", () => {
  const half = parseQuantity("512Mi")
  assert.equal(half.compare(parseQuantity("0.5Gi")), 0)
  assert.equal(half.compare(parseQuantity("536870913")), -1)
  assert.equal(parseQuantity("1Gi").add(half).toString(), "1536Mi")
  assert.equal(parseQuantity("100m").add(parseQuantity("0.9")).toString(), "1")
  assert.equal(parseQuantity("0").add(half).toString(), "512Mi")
  assert.equal(parseQuantity("1").subtract(parseQuantity("1500m")).toString(), "-500m")
  assert.equal(parseQuantity("9007199254740993").subtract(parseQuantity("9007199254740992")).toString(), "1")
})

test("Quantity: as numbers", () => {
  assert.equal(parseQuantity("1500m").toNumber(), 1.5)
  assert.equal(parseQuantity("1Ki").toNumber(), 1024)
  assert.equal(parseQuantity("1500u").toMilliUnits(), 2n)
  assert.equal(JSON.stringify({ cpu: parseQuantity("1000m") }), '{"cpu":"1"}')
  assert.equal(canonicalQuantity(2.5), "2500m")
})
