import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import fc from "fast-check"
import { decodeProtobufObject } from "./decode.ts"
import { ProtobufError } from "./wire.ts"

/** What kubectl 1.32 sent for `create deployment web --image=nginx --port 80` and others, one base64 text a line. */
const bodies = readFileSync(new URL("./testdata/kubectl-bodies.txt", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => Buffer.from(line, "base64"))
const body = (kind: string) => decodeProtobufObject(bodies.find((b) => b.includes(kind))!)

// A writer of the few forms that the tests need.
const varint = (value: bigint): number[] =>
  value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)]
const int = (field: number, value: bigint) => [...varint(BigInt(field * 8)), ...varint(BigInt.asUintN(64, value))]
const part = (field: number, bytes: readonly number[]) => [
  ...varint(BigInt(field * 8 + 2)),
  ...varint(BigInt(bytes.length)),
  ...bytes,
]
const text = (field: number, value: string) => part(field, [...Buffer.from(value)])
const object = (apiVersion: string, kind: string, content: readonly number[]) =>
  Buffer.from([...Buffer.from("k8s\0"), ...part(1, [...text(1, apiVersion), ...text(2, kind)]), ...part(2, content)])

test("a Deployment of kubectl", () => {
  const { spec, ...rest } = body("Deployment") as unknown as {
    spec: { template: { spec: { containers: object[] } }; selector: object; replicas: number }
  }
  assert.deepEqual([spec.replicas, spec.selector], [1, { matchLabels: { app: "web" } }])
  const { name, image, ports } = spec.template.spec.containers[0] as { name: string; image: string; ports: object[] }
  assert.deepEqual(
    [name, image, ports],
    ["nginx", "nginx", [{ name: "", hostPort: 0, containerPort: 80, protocol: "", hostIP: "" }]],
  )
  assert.deepEqual(
    { ...rest, status: undefined },
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", labels: { app: "web" } }, status: undefined },
  )
})

test("bytes, quantities, numbers-or-strings and flattened parts of other bodies of kubectl", () => {
  assert.deepEqual(body("Secret")["data"], { a: "Yg==" })
  assert.deepEqual(body("ResourceQuota")["spec"], { hard: { cpu: "1" } })
  assert.deepEqual(body("PodDisruptionBudget")["spec"], { minAvailable: 1, selector: { matchLabels: { a: "b" } } })
  const { rules } = body("Ingress")["spec"] as { rules: { host: string; http: object }[] }
  assert.deepEqual(Object.keys(rules[0]!), ["host", "http"])
})

for (const { name, bytes, want } of [
  {
    name: "times",
    bytes: object("coordination.k8s.io/v1", "Lease", [
      ...part(1, [...text(1, "l"), ...part(8, int(1, 1_767_323_045n)), ...part(9, [])]),
      ...part(2, [...int(2, -1n), ...part(3, [...int(1, 1_767_323_045n), ...int(2, 123_456_789n)])]),
    ]),
    want: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "l", creationTimestamp: "2026-01-02T03:04:05Z" },
      spec: { leaseDurationSeconds: -1, acquireTime: "2026-01-02T03:04:05.123456Z" },
    },
  },
  {
    name: "maps with names that JavaScript knows, fields that nobody knows",
    bytes: object("v1", "ConfigMap", [
      ...part(2, [...text(1, "__proto__"), ...text(2, "x")]),
      ...part(2, text(1, "empty")),
      ...int(99, 5n),
      ...text(98, "?"),
    ]),
    want: {
      apiVersion: "v1",
      kind: "ConfigMap",
      data: Object.fromEntries([
        ["__proto__", "x"],
        ["empty", ""],
      ]),
    },
  },
  {
    name: "options under any version",
    bytes: object("apps/v1", "DeleteOptions", [...int(1, 0n), ...text(4, "Orphan"), ...text(5, "All")]),
    want: {
      apiVersion: "apps/v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: 0,
      propagationPolicy: "Orphan",
      dryRun: ["All"],
    },
  },
  {
    name: "a schema of a custom resource",
    bytes: object(
      "apiextensions.k8s.io/v1",
      "CustomResourceDefinition",
      part(
        2,
        part(7, [
          ...text(1, "v1"),
          ...part(
            4,
            part(1, [
              // Go writes the zero of a plain field and leaves out an absent pointer.
              ...text(1, ""),
              ...int(12, 0n),
              ...text(3, "#/x"),
              ...part(8, part(1, [...Buffer.from('{"a":1}')])),
              ...int(38, 1n),
              ...part(30, int(1, 1n)),
            ]),
          ),
        ]),
      ),
    ),
    want: {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      spec: {
        versions: [
          {
            name: "v1",
            schema: {
              openAPIV3Schema: {
                $ref: "#/x",
                default: { a: 1 },
                "x-kubernetes-preserve-unknown-fields": true,
                additionalProperties: true,
              },
            },
          },
        ],
      },
    },
  },
]) {
  test(`decodes ${name}`, () => assert.deepEqual(decodeProtobufObject(bytes), want))
}

for (const { name, bytes, message } of [
  { name: "JSON", bytes: Buffer.from("{}"), message: /does not appear to be a protobuf message/ },
  {
    name: "a kind that is not built in",
    bytes: object("example.com/v1", "Widget", []),
    message: /no kind "Widget" is registered for version "example.com\/v1"/,
  },
  {
    name: "a time that is none",
    bytes: object("v1", "ConfigMap", part(1, part(8, int(1, 2n ** 60n)))),
    message: /time out of range/,
  },
  { name: "half a message", bytes: bodies[0]!.subarray(0, 60), message: /unexpected EOF/ },
]) {
  test(`refuses ${name}`, () => assert.throws(() => decodeProtobufObject(bytes), message))
}

test("damaged bytes are refused or read, never more", () => {
  fc.assert(
    fc.property(fc.constantFrom(...bodies), fc.nat(), fc.nat(255), (original, at, byte) => {
      const damaged = Buffer.from(original)
      damaged[at % damaged.length] = byte
      try {
        decodeProtobufObject(damaged)
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test("messages inside of each other are read to a depth, and no stack overflows", () => {
  // JSONSchemaProps.not is of the same type.
  const schema = (levels: number) => {
    let bytes: number[] = []
    for (let i = 0; i < levels; i++) bytes = part(26, bytes)
    return part(2, part(7, part(4, part(1, bytes))))
  }
  const definition = (levels: number) => object("apiextensions.k8s.io/v1", "CustomResourceDefinition", schema(levels))
  assert.ok(decodeProtobufObject(definition(100)))
  assert.throws(() => decodeProtobufObject(definition(5_000)), new ProtobufError("exceeded max depth"))
})

test("objects inside of each other are read to a depth: each copies what it holds", () => {
  let bytes = object("apps/v1", "ControllerRevision", [])
  for (let i = 0; i < 10; i++) bytes = object("apps/v1", "ControllerRevision", part(2, part(1, [...bytes])))
  assert.throws(() => decodeProtobufObject(bytes), new ProtobufError("exceeded max depth"))
})
