import assert from "node:assert/strict"
import { test } from "node:test"
import {
  isConfigMapKey,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegmentName,
  isQualifiedName,
  maskTrailingDash,
} from "./names.ts"

// What the API server of Kubernetes 1.35 answers.
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const KEY =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const long = (length: number) => "a".repeat(length)

for (const { check, value, want } of [
  { check: isDns1123Label, value: "a-1", want: [] },
  { check: isDns1123Label, value: long(63), want: [] },
  { check: isDns1123Label, value: long(64), want: ["must be no more than 63 characters"] },
  { check: isDns1123Label, value: "a.b", want: ["must not contain dots"] },
  { check: isDns1123Label, value: "A", want: [LABEL] },
  { check: isDns1123Label, value: "-a", want: [LABEL] },
  { check: isDns1123Label, value: "a\n", want: [LABEL] },
  { check: isDns1123Subdomain, value: "a.b-c.d", want: [] },
  { check: isDns1123Subdomain, value: "", want: [SUBDOMAIN] },
  { check: isDns1123Subdomain, value: "a..b", want: [SUBDOMAIN] },
  { check: isDns1123Subdomain, value: long(254), want: ["must be no more than 253 characters"] },
  { check: isQualifiedName, value: "app", want: [] },
  { check: isQualifiedName, value: "app.kubernetes.io/Name_1", want: [] },
  { check: isQualifiedName, value: "/x", want: ["prefix part must be non-empty"] },
  { check: isQualifiedName, value: "x/", want: ["name part must be non-empty", `name part ${KEY}`] },
  { check: isQualifiedName, value: "A/x", want: [`prefix part ${SUBDOMAIN}`] },
  { check: isQualifiedName, value: `${long(254)}/x`, want: ["prefix part must be no more than 253 bytes"] },
  { check: isQualifiedName, value: long(64), want: ["name part must be no more than 63 bytes"] },
  {
    check: isQualifiedName,
    value: "a/b/c",
    want: [`a valid label key ${KEY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`],
  },
  { check: isLabelValue, value: "", want: [] },
  { check: isLabelValue, value: "v1.2_3-x", want: [] },
  { check: isLabelValue, value: "a b", want: [VALUE] },
  { check: isLabelValue, value: long(64), want: ["must be no more than 63 bytes"] },
  { check: isConfigMapKey, value: "key.name_1-X", want: [] },
  { check: isConfigMapKey, value: "..", want: ["must not be '..'"] },
  { check: isConfigMapKey, value: "..a", want: ["must not start with '..'"] },
  { check: isPathSegmentName, value: "system:node", want: [] },
  { check: isPathSegmentName, value: "..", want: ["may not be '..'"] },
  { check: isPathSegmentName, value: "a/%", want: ["may not contain '/'", "may not contain '%'"] },
]) {
  test(`${check.name}: ${value.length > 40 ? `${value.length} characters` : JSON.stringify(value)}`, () => {
    assert.deepEqual(check(value), want)
  })
}

test("isDns1035Label: a digit may not come first", () => {
  assert.deepEqual(isDns1035Label("a1"), [])
  assert.match(isDns1035Label("1a")[0] ?? "", /^a DNS-1035 label must consist of/)
})

test("maskTrailingDash: what a generated name will be checked as", () => {
  assert.deepEqual(["web-", "-", "web"].map(maskTrailingDash), ["wea", "-", "web"])
})

test("names are limited in bytes", () => {
  // 40 characters, 80 bytes.
  assert.equal(isLabelValue("é".repeat(40))[0], "must be no more than 63 bytes")
})
