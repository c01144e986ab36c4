import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import {
  acceptConverted,
  conversionReview,
  conversionReviewVersion,
  convertedObjects,
  ConvertedObjectError,
} from "./conversion-review.plan.ts"

const original: UnknownObject = {
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name: "a", namespace: "default", uid: "u", generation: 3, labels: { a: "1" } },
}
const converted = (metadata: object = {}, rest: object = {}) => ({
  ...original,
  apiVersion: "example.com/v2",
  metadata: { ...original.metadata, ...metadata },
  ...rest,
})

test("a review asks for objects in a version, in the newest form that the webhook takes", () => {
  assert.equal(conversionReviewVersion(["v9", "v1", "v1beta1"]), "v1")
  assert.equal(conversionReviewVersion(["v9"]), undefined)
  const review = conversionReview("v1", { uid: "u", desiredApiVersion: "example.com/v2", objects: [original] })
  const { apiVersion, kind, request } = review as Record<string, unknown>
  assert.deepEqual(
    { apiVersion, kind, request },
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "ConversionReview",
      request: { uid: "u", desiredAPIVersion: "example.com/v2", objects: [original] },
    },
  )
})

describe("an answer", () => {
  const answer = (response: unknown, type = { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview" }) => ({
    ...type,
    response,
  })
  test("gives its objects", () => {
    const response = { uid: "u", result: { status: "Success" }, convertedObjects: [1, 2] }
    assert.deepEqual(convertedObjects("v1", "u", answer(response)), [1, 2])
  })
  test("of the older form need not say whom it answers", () => {
    const old = { apiVersion: "apiextensions.k8s.io/v1beta1", kind: "ConversionReview" }
    assert.deepEqual(convertedObjects("v1beta1", "u", answer({ result: { status: "Success" } }, old)), [])
  })
  for (const [name, review, why] of [
    [
      "of another kind",
      { ...answer({}), kind: "Other" },
      /^expected webhook response of apiextensions.k8s.io\/v1, Kind=ConversionReview, got/,
    ],
    ["without a response", answer(undefined), /^no response provided$/],
    ["to another question", answer({ uid: "x" }), /^expected response.uid="u", got "x"$/],
    ["that failed", answer({ uid: "u", result: { status: "Failure", message: "no" } }), /^no$/],
    ["that says nothing", answer({ uid: "u" }), /^response.result.status was '', not 'Success'$/],
  ] as const) {
    test(`${name} is none`, () => {
      assert.throws(() => convertedObjects("v1", "u", review), { message: why })
    })
  }
})

describe("a converted object", () => {
  test("keeps the metadata of the original but for labels and annotations", () => {
    const accepted = acceptConverted(
      original,
      converted({ generation: 9, labels: { b: "2" }, annotations: { "x.io/Y": "z" }, finalizers: ["f"] }, { spec: 1 }),
      "example.com/v2",
    )
    assert.deepEqual(accepted, {
      ...converted(),
      spec: 1,
      metadata: { ...original.metadata, labels: { b: "2" }, annotations: { "x.io/Y": "z" } },
    })
    assert.deepEqual(original.metadata.labels, { a: "1" })
  })
  for (const [name, object, why] of [
    ["in another version", original, /^invalid groupVersion/],
    ["of another kind", converted({}, { kind: "Gadget" }), /^invalid kind \(expected Widget, received Gadget\)$/],
    ["with another name", converted({ name: "b" }), /^must have the same name: a != b$/],
    ["with another namespace", converted({ namespace: "b" }), /^must have the same namespace: default != b$/],
    ["with another uid", converted({ uid: "b" }), /^must have the same UID: u != b$/],
    [
      "with a label that is a number",
      converted({ labels: { a: 1 } }),
      /^metadata.labels\[a\] must be a string, but is int64/,
    ],
    ["with a label that cannot be", converted({ labels: { a: "b c" } }), /^metadata.labels: Invalid value: "b c"/],
    ["with labels that are a list", converted({ labels: [] }), /^invalid metadata.labels of type \[\]interface {}/],
    ["that is no object", 5, /no object/],
  ] as const) {
    test(`${name} is refused`, () => {
      assert.throws(
        () => acceptConverted(original, object, "example.com/v2"),
        (error) => error instanceof ConvertedObjectError && why.test(error.message),
      )
    })
  }
})
