import { apply, get, patch, post, put, type Script } from "../script.ts"

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
const GROUP = "rules.example.com"

const rule = (text: string, more: object = {}) => ({ rule: text, ...more })
const string = { type: "string", maxLength: 20 }
const integer = { type: "integer" }

const definition = (plural: string, spec: object, more: object = {}) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1, -1) },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec }, ...more } },
        subresources: { status: {} },
      },
    ],
  },
})
const refused = { pick: ["kind", "reason", "message", "details.causes"] }
/** A definition with one rule on a spec with these properties: only what is wrong with it is looked at. */
const tried = (validations: readonly object[], properties: object = { a: integer, s: string }, more: object = {}) =>
  post(
    `${CRDS}?dryRun=All`,
    definition("trials", { type: "object", properties, "x-kubernetes-validations": validations, ...more }),
    refused,
  )

const GADGETS = `/apis/${GROUP}/v1/namespaces/{{ns}}/gadgets`
const gadget = (name: string, spec: object, more: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind: "Gadget",
  metadata: { name },
  spec,
  ...more,
})
const answered = { pick: ["kind", "reason", "message", "details.causes", "spec"] }

const SPEC = {
  type: "object",
  required: ["min", "max"],
  properties: {
    min: integer,
    max: integer,
    ratio: { type: "number" },
    name: { ...string, "x-kubernetes-validations": [rule("self == oldSelf", { message: "name is immutable" })] },
    once: {
      ...string,
      "x-kubernetes-validations": [
        rule("!oldSelf.hasValue() || self == oldSelf.value()", { optionalOldSelf: true, message: "set once" }),
      ],
    },
    when: { type: "string", format: "date-time" },
    lasts: { type: "string", format: "duration" },
    data: { type: "string", format: "byte", maxLength: 40 },
    port: { "x-kubernetes-int-or-string": true },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    "odd-name": string,
    namespace: string,
    maybe: { type: "string", nullable: true, maxLength: 10 },
    tags: {
      type: "array",
      maxItems: 10,
      "x-kubernetes-list-type": "set",
      items: string,
      "x-kubernetes-validations": [rule("self.all(t, t.startsWith('x'))", { reason: "FieldValueForbidden" })],
    },
    parts: {
      type: "array",
      maxItems: 10,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: {
        type: "object",
        required: ["name"],
        properties: { name: string, size: integer },
        "x-kubernetes-validations": [
          rule("!has(self.size) || self.size > 0", {
            messageExpression: "'part ' + self.name + (self.size < 0 ? ' is negative' : ' is empty')",
            fieldPath: ".size",
          }),
          rule("!has(self.size) || !has(oldSelf.size) || self.size >= oldSelf.size", { message: "parts only grow" }),
        ],
      },
    },
    table: {
      type: "object",
      maxProperties: 10,
      additionalProperties: { ...integer, "x-kubernetes-validations": [rule("self < 100")] },
    },
  },
  "x-kubernetes-validations": [
    rule("self.min <= self.max", {
      messageExpression: "'min above max ' + (has(self.name) ? self.name : 'of nobody')",
    }),
    rule("!has(self.ratio) || self.ratio > 0.5", { reason: "FieldValueRequired", fieldPath: ".ratio" }),
    rule("!has(self.when) || self.when > timestamp('2001-01-01T00:00:00Z')", { message: "when is too early" }),
    rule("!has(self.lasts) || self.lasts < duration('1h')", { message: "lasts too long" }),
    rule("!has(self.data) || size(self.data) < 5", { message: "too much data" }),
    rule("!has(self.port) || type(self.port) == string || self.port < 1000", { message: "port" }),
    rule("!has(self.odd__dash__name) || self.odd__dash__name != 'bad'", { message: "odd name" }),
    rule("!has(self.__namespace__) || self.__namespace__ != 'bad'", { message: "reserved name" }),
    rule("!has(self.tags) || self.tags.exists_one(t, t == 'x1') || self.tags.size() == 0", { message: "one x1" }),
    rule("!has(self.table) || self.table.all(k, k.matches('^[a-z]+$'))", { message: "keys" }),
    rule("!has(self.maybe) || self.maybe.size() > 1", {
      message: "maybe",
      reason: "FieldValueDuplicate",
    }),
    rule("!has(self.name) || isURL(self.name) || self.name.find('[0-9]+') == ''", { message: "digits" }),
  ],
}

export const rules: Script = {
  name: "rules",
  steps: [
    // What is wrong with rules.
    tried([rule("self.a > 0")]),
    tried([rule("")]),
    tried([rule("self.b > 0")]),
    tried([rule("self.a + 's' == 's'")]),
    tried([rule("self.a")]),
    tried([rule("self.a > ")]),
    tried([rule("self.a > 0 &&\nself.a < 5")]),
    tried([rule("self.a > 0 &&\nself.a < 5", { message: "range" })]),
    tried([rule("self.a > 0", { message: " " })]),
    tried([rule("self.a > 0", { message: "two\nlines" })]),
    tried([rule("self.a > 0", { messageExpression: "self.a" })]),
    tried([rule("self.a > 0", { messageExpression: "self.b" })]),
    tried([rule("self.a > 0", { messageExpression: " " })]),
    tried([rule("self.a > 0", { reason: "Nope" })]),
    tried([rule("self.a > 0", { fieldPath: ".b" })]),
    tried([rule("self.a > 0", { fieldPath: "a" })]),
    tried([rule("self.a > 0", { fieldPath: ".a" })]),
    tried([rule("self.a > 0", { optionalOldSelf: true })]),
    tried([rule("self.a > oldSelf.a")]),
    tried([rule("oldSelf.orValue(self).a <= self.a", { optionalOldSelf: true })]),
    tried([rule("self.a > 0", { messageExpression: "'a is ' + string(self.a)" })]),
    tried([rule("self.a == null")]),
    tried([rule("has(self.a)"), rule("nope(self.a)"), rule("self.s.matches('(')")]),
    tried([rule("self.s == duration('x')")]),
    tried([
      rule("quantity(self.s).isGreaterThan(quantity('1'))"),
      rule("ip(self.s).family() == 4"),
      rule("semver(self.s).major() > 1"),
    ]),
    tried([rule("self.l.all(x, self.l.all(y, x == y || x.contains(y)))")], {
      l: { type: "array", items: { type: "string" } },
    }),
    tried([rule("self.l.all(x, self.l.all(y, x == y))")], { l: { type: "array", maxItems: 10, items: string } }),
    tried([rule("self.m.all(k, self.m[k] > 0)")], { m: { type: "object", additionalProperties: integer } }),
    tried([rule("self.size() > 0")], {}, { "x-kubernetes-preserve-unknown-fields": true }),
    tried([rule("has(self.metadata)"), rule("self.embedded.kind == 'Pod' && self.embedded.metadata.name != ''")], {
      embedded: {
        type: "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true,
      },
    }),
    tried([], {
      l: {
        type: "array",
        maxItems: 5,
        items: {
          type: "object",
          properties: { a: integer },
          "x-kubernetes-validations": [rule("self.a >= oldSelf.a")],
        },
      },
    }),
    post(
      `${CRDS}?dryRun=All`,
      definition(
        "trials",
        { type: "object" },
        {
          "x-kubernetes-validations": [
            rule("self.metadata.name.size() < 5"),
            rule("self.metadata.namespace == 'x'"),
            rule("self.kind == 'Trial' && self.apiVersion != ''"),
          ],
        },
      ),
      refused,
    ),

    // What is wrong with objects.
    post(
      CRDS,
      definition("gadgets", SPEC, {
        "x-kubernetes-validations": [rule("self.metadata.name != 'forbidden'", { message: "not this name" })],
      }),
      {
        pick: ["kind", "message", "spec.versions.0.schema.openAPIV3Schema.x-kubernetes-validations"],
      },
    ),
    get(GADGETS, { until: { path: "status", is: 200 }, quiet: true }),
    post(GADGETS, gadget("a", { min: 1, max: 2 }), answered),
    post(GADGETS, gadget("forbidden", { min: 1, max: 2 }), answered),
    post(GADGETS, gadget("b", { min: 3, max: 2 }), answered),
    post(GADGETS, gadget("b", { min: 3, max: 2, ratio: 0.1, when: "2000-01-01T00:00:00Z" }), answered),
    post(GADGETS, gadget("b", { min: 3 }), answered),
    post(GADGETS, gadget("b", { min: "x", max: 1 }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, lasts: "2h", data: "aGVsbG8gd29ybGQ=" }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, port: 2000 }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, port: "http", "odd-name": "bad", namespace: "bad" }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, tags: ["x1", "y"] }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, tags: ["x2"] }), answered),
    post(
      GADGETS,
      gadget("b", {
        min: 1,
        max: 2,
        parts: [
          { name: "p", size: 0 },
          { name: "q", size: -1 },
        ],
      }),
      answered,
    ),
    post(GADGETS, gadget("b", { min: 1, max: 2, table: { a: 100, B: 5 } }), answered),
    post(GADGETS, gadget("b", { min: 1, max: 2, maybe: null }), answered),
    post(GADGETS, gadget("c", { min: 1, max: 2, maybe: "x" }), answered),
    post(GADGETS, gadget("c", { min: 1, max: 2, name: "n1" }), answered),
    post(
      GADGETS,
      gadget("c", {
        min: 1,
        max: 2,
        name: "n",
        once: "o",
        ratio: 1,
        when: "2002-01-01T00:00:00Z",
        lasts: "30m",
        data: "aGk=",
        port: 80,
        tags: ["x1"],
        parts: [{ name: "p", size: 5 }],
        table: { a: 1 },
        free: { any: ["thing"] },
      }),
      answered,
    ),
    // What may not change.
    patch("merge", `${GADGETS}/c`, { spec: { name: "m" } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { name: null } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { name: "back" } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { once: "other" } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { parts: [{ name: "p", size: 4 }] } }, answered),
    patch(
      "merge",
      `${GADGETS}/c`,
      {
        spec: {
          parts: [
            { name: "q", size: 1 },
            { name: "p", size: 6 },
          ],
        },
      },
      answered,
    ),
    apply(`${GADGETS}/c`, "one", gadget("c", { min: 5, max: 1 }), "&force=true", answered),
    patch("merge", `${GADGETS}/c/status`, { status: { x: 1 } }, { pick: ["kind", "spec.min"] }),

    // Rules that come later are held against what is new only.
    patch(
      "json",
      `${CRDS}/gadgets.${GROUP}`,
      [
        {
          op: "add",
          path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations/-",
          value: rule("self.max < 2", { message: "max below two" }),
        },
        {
          op: "add",
          path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tags/items/x-kubernetes-validations",
          value: [rule("self.size() > 5", { message: "long tags" })],
        },
        {
          op: "add",
          path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/table/x-kubernetes-validations",
          value: [rule("!('a' in self)", { message: "no a" })],
        },
      ],
      { pick: ["kind", "message"] },
    ),
    // Until the new schema counts.
    post(`${GADGETS}?dryRun=All`, gadget("late", { min: 1, max: 3 }), {
      until: { path: "message", is: 'Gadget.rules.example.com "late" is invalid: spec: Invalid value: max below two' },
      quiet: true,
    }),
    patch(
      "merge",
      `${GADGETS}/c`,
      { metadata: { labels: { a: "b" } } },
      { ...answered, headers: { "content-type": "application/merge-patch+json" } },
    ),
    patch("merge", `${GADGETS}/c`, { spec: { port: 81 } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { tags: ["x1", "x2"] } }, answered),
    patch("merge", `${GADGETS}/c`, { spec: { table: { b: 2 } } }, answered),
    put(`${GADGETS}/a`, gadget("a", { min: 1, max: 2 }), answered),
    get(`${GADGETS}/c`, { pick: ["metadata.generation", "spec"] }),
  ],
}
