import assert from "node:assert/strict"
import { test } from "node:test"
import { formatCheck } from "./formats.ts"
import { goRegExp } from "./go-regexp.ts"

for (const { format, good, bad } of [
  { format: "date", good: ["2026-02-28"], bad: ["2026-02-30", "26-1-1", "2026-01-01T00:00:00Z"] },
  {
    format: "date-time",
    good: ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00"],
    bad: ["2026-01-01", "2026-13-01T00:00:00Z"],
  },
  { format: "datetime", good: ["2026-01-01T00:00:00Z"], bad: ["x"] },
  { format: "email", good: ["a@b.c"], bad: ["a", "@b"] },
  { format: "hostname", good: ["a.example.com", "localhost"], bad: ["a..b", "-a.com", "a".repeat(300)] },
  { format: "ipv4", good: ["10.0.0.1"], bad: ["10.0.0", "::1", "10.0.0.256"] },
  { format: "ipv6", good: ["::1"], bad: ["10.0.0.1", "fe80::1%eth0"] },
  { format: "cidr", good: ["10.0.0.0/8", "::/0"], bad: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08"] },
  {
    format: "uuid",
    good: ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"],
    bad: ["123e4567"],
  },
  { format: "uuid4", good: ["123e4567-e89b-42d3-a456-426614174000"], bad: ["123e4567-e89b-12d3-a456-426614174000"] },
  { format: "uri", good: ["http://x/y", "/path", "urn:a:b"], bad: ["", "x y", "a/b", "http://[::1"] },
  { format: "mac", good: ["01:23:45:67:89:ab"], bad: ["01:23"] },
  { format: "byte", good: ["aGk=", "aGkh"], bad: ["aGk", "?", ""] },
  { format: "duration", good: ["1h30m", "1.5s", "0", "22 ns", "3 days"], bad: ["x", "1"] },
  { format: "isbn", good: ["0321751043", "978-0321751041"], bad: ["0321751044"] },
  { format: "creditcard", good: ["4111 1111 1111 1111"], bad: ["4111 1111 1111 1112"] },
  { format: "ssn", good: ["111-11-1111"], bad: ["11-11-1111"] },
  { format: "hexcolor", good: ["#fff", "AABBCC"], bad: ["#ffff"] },
  { format: "rgbcolor", good: ["rgb(1, 2,255)"], bad: ["rgb(256,0,0)"] },
  { format: "bsonobjectid", good: ["507f1f77bcf86cd799439011"], bad: ["507f"] },
  { format: "password", good: ["anything"], bad: [] },
]) {
  test(`formatCheck: ${format}`, () => {
    const check = formatCheck(format)
    assert.ok(check)
    for (const text of good) assert.equal(check(text), true, text)
    for (const text of bad) assert.equal(check(text), false, text)
  })
}

test("formatCheck: formats that say nothing beyond the type are not checked", () => {
  assert.deepEqual(["int32", "int64", "double", "made-up", undefined].map(formatCheck), Array(5).fill(undefined))
})

for (const { pattern, good, bad } of [
  { pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$", good: ["a-1"], bad: ["a-", "a\n"] },
  { pattern: "(?i)^abc$", good: ["ABC"], bad: ["abd"] },
  { pattern: String.raw`\A\d+\z`, good: ["12"], bad: ["12\n", "x"] },
  { pattern: "^[[:alpha:]_]+$", good: ["aB_"], bad: ["1"] },
  { pattern: "^(?P<first>a)b$", good: ["ab"], bad: ["a"] },
  { pattern: String.raw`^\pL+$`, good: ["é"], bad: ["1"] },
  { pattern: String.raw`^a\-b\_c$`, good: ["a-b_c"], bad: ["ab"] },
]) {
  test(`goRegExp: ${pattern}`, () => {
    const regExp = goRegExp(pattern)
    assert.ok(!(regExp instanceof Error))
    for (const text of good) assert.equal(regExp.test(text), true, text)
    for (const text of bad) assert.equal(regExp.test(text), false, text)
  })
}

test("goRegExp: an invalid pattern is an error, in Go's words", () =>
  assert.equal((goRegExp("(") as Error).message, "error parsing regexp: missing closing ): `(`"))

test("goRegExp: parts that match, as Go finds them", () => {
  const found = (pattern: string, text: string, limit?: number) => {
    const regExp = goRegExp(pattern)
    assert.ok(!(regExp instanceof Error))
    return regExp.findAll(text, limit)
  }
  assert.deepEqual(found("a*", "baac"), ["", "aa", ""])
  assert.deepEqual(found("[0-9]+", "1a22b333", 2), ["1", "22"])
})

test("goRegExp: no pattern takes long", () => {
  const regExp = goRegExp("^(a+){1,50}$")
  assert.ok(!(regExp instanceof Error))
  // With backtracking this would not end in a lifetime.
  assert.equal(regExp.test(`${"a".repeat(5000)}b`), false)
})
