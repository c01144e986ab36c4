import type { Json, Reply } from "./review-server.ts"
import { patch, rule, mutating, validating, webhook, type Scene, type Stage } from "./scene.ts"

const definition = (stage: Stage, conversion: Json, stored = "v1") => {
  const version = (name: string, spec: Json) => ({
    name,
    served: true,
    storage: name === stored,
    subresources: { status: {} },
    additionalPrinterColumns: [
      { name: "Size", type: "integer", jsonPath: name === "v1" ? ".spec.size" : ".spec.box.size" },
    ],
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: {
          spec: { type: "object", properties: spec },
          status: { type: "object", properties: { ok: { type: "boolean" } } },
        },
      },
    },
  })
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group(stage)}` },
    spec: {
      group: group(stage),
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      conversion,
      versions: [
        version("v1", { size: { type: "integer" }, color: { type: "string", default: "red" } }),
        version("v2", {
          box: { type: "object", properties: { size: { type: "integer", maximum: 100 } } },
          color: { type: "string", default: "blue" },
        }),
      ],
    },
  }
}

const group = (stage: Stage) => `${stage.namespace}.example.com`
const path = (stage: Stage, version: string) => `/apis/${group(stage)}/${version}/namespaces/${stage.namespace}/widgets`
const v1 = (stage: Stage, name: string, size: number, metadata: Json = {}) => ({
  apiVersion: `${group(stage)}/v1`,
  kind: "Widget",
  metadata: { name, ...metadata },
  spec: { size },
})
const v2 = (stage: Stage, name: string, size: number, metadata: Json = {}) => ({
  apiVersion: `${group(stage)}/v2`,
  kind: "Widget",
  metadata: { name, ...metadata },
  spec: { box: { size } },
})

/** Between `size` and `box.size`; a label and a uid of its own go along, of which only the label may be kept. */
function convert(request: Json): Json[] {
  return request.objects.map((object: Json) => {
    const { spec = {} } = object
    const toV2 = request.desiredAPIVersion.endsWith("/v2")
    const { size, box, ...rest } = spec
    const converted = toV2 ? { ...rest, box: { size } } : { ...rest, size: box?.size }
    const labels = { ...object.metadata.labels, via: toV2 ? "v2" : "v1" }
    const metadata = { ...object.metadata, labels, generation: 77 }
    return { ...object, apiVersion: request.desiredAPIVersion, metadata, spec: converted }
  })
}

const converted = (request: Json): Reply => ({
  response: { result: { status: "Success" }, convertedObjects: convert(request) },
})

const byWebhook = (stage: Stage, at = "/convert") => ({
  strategy: "Webhook",
  webhook: {
    conversionReviewVersions: ["v1", "v1beta1"],
    clientConfig: { url: stage.hooks.url(at), caBundle: stage.hooks.caBundle },
  },
})

/** Custom resources in every version that is served. */
export const CONVERSION_SCENES: readonly Scene[] = [
  {
    name: "converted",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/convert", converted)
      await stage.configure(definition(stage, byWebhook(stage)))
      const [one, two] = [path(stage, "v1"), path(stage, "v2")]
      await stage.see("created in v1", server.send("POST", one, v1(stage, "a", 1)))
      await stage.see("read in v1", server.send("GET", `${one}/a`))
      await stage.see("read in v2", server.send("GET", `${two}/a`))
      await stage.see("created in v2", server.send("POST", two, v2(stage, "b", 2)))
      await stage.see("dry run in v2", server.send("POST", `${two}?dryRun=All`, v2(stage, "c", 2)))
      await stage.see("too large in v2", server.send("POST", two, v2(stage, "c", 200)))
      await stage.see("b in v1", server.send("GET", `${one}/b`))
      await stage.see("patched in v2", server.send("PATCH", `${two}/a`, { spec: { box: { size: 5 } } }))
      await stage.see("status in v2", server.send("PATCH", `${two}/a/status`, { status: { ok: true } }))
      const apply = { "content-type": "application/apply-patch+yaml" }
      await stage.see("applied in v2", server.send("PATCH", `${two}/c?fieldManager=me`, v2(stage, "c", 7), apply))
      await stage.see("listed in v1", server.send("GET", one))
      await stage.see("listed in v2", server.send("GET", two))
      await stage.see("labelled in v2", server.send("GET", `${two}?labelSelector=via=v2`))
      const table = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" }
      const { body } = await server.send("GET", two, undefined, table)
      stage.note(
        "cells in v2",
        body.rows.map(({ cells }: Json) => cells),
      )
      const watched = await server.send("GET", `${two}?watch=true&timeoutSeconds=1`)
      stage.note("watched in v2", eventsOf(watched.body))
      await stage.see("deleted in v2", server.send("DELETE", `${two}/b`))
      await stage.see("collection deleted in v2", server.send("DELETE", two))
    },
  },
  {
    name: "another stored version",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/convert", converted)
      const before = definition(stage, byWebhook(stage))
      await stage.configure(before)
      const [one, two] = [path(stage, "v1"), path(stage, "v2")]
      await server.send("POST", one, v1(stage, "a", 1))
      await server.send("POST", one, v1(stage, "b", 1))
      const crd = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${before.metadata.name}`
      await server.send("PATCH", crd, { spec: { versions: definition(stage, {}, "v2").spec.versions } })
      await stage.configure()
      await stage.see(
        "stored versions",
        server.send("GET", crd).then((a) => ({ ...a, body: a.body.status.storedVersions })),
      )
      await stage.see("old one in v1", server.send("GET", `${one}/a`))
      await stage.see("old one in v2", server.send("GET", `${two}/a`))
      await stage.see("written in v2", server.send("PATCH", `${two}/a`, { spec: { box: { size: 9 } } }))
      await stage.see("written in v1", server.send("PATCH", `${one}/b`, { spec: { size: 8 } }))
      await stage.see("listed in v1", server.send("GET", one))
      await stage.see("listed in v2", server.send("GET", two))
    },
  },
  {
    name: "conversion fails",
    async play(stage) {
      const { server, hooks } = stage
      const change = (edit: (object: Json) => Json) => (request: Json) => ({
        response: { result: { status: "Success" }, convertedObjects: convert(request).map(edit) },
      })
      const replies: Record<string, (request: Json) => Reply> = {
        message: () => ({ response: { result: { status: "Failure", message: "cannot" } } }),
        silent: () => ({ response: { result: {} } }),
        none: () => ({ response: { result: { status: "Success" }, convertedObjects: [] } }),
        uid: () => ({ response: { uid: "x", result: { status: "Success" } } }),
        absent: () => ({ review: { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview" } }),
        broken: () => ({ status: 500, text: "boom" }),
        version: change((o) => ({ ...o, apiVersion: "other/v3" })),
        kind: change((o) => ({ ...o, kind: "Gadget" })),
        name: change((o) => ({ ...o, metadata: { ...o.metadata, name: "z" } })),
        otherUid: change((o) => ({ ...o, metadata: { ...o.metadata, uid: "z" } })),
        label: change((o) => ({ ...o, metadata: { ...o.metadata, labels: { a: "b c" } } })),
        number: change((o) => ({ ...o, metadata: { ...o.metadata, labels: { a: 1 } } })),
        unlabelled: change(({ metadata: { labels: _, ...metadata }, ...o }) => ({ ...o, metadata })),
      }
      let reply: (request: Json) => Reply = converted
      hooks.on("/convert", (request) => reply(request))
      await stage.configure(definition(stage, byWebhook(stage)))
      await server.send("POST", path(stage, "v1"), v1(stage, "a", 1, { labels: { mine: "yes" } }))
      for (const [name, answer] of Object.entries(replies)) {
        reply = answer
        await stage.see(`read: ${name}`, server.send("GET", `${path(stage, "v2")}/a`))
        await stage.see(
          `written: ${name}`,
          server.send("POST", path(stage, "v2"), v2(stage, `x-${name.toLowerCase()}`, 1)),
        )
      }
      reply = converted
    },
  },
  {
    name: "nothing to convert",
    async play(stage) {
      const { server } = stage
      await stage.configure(definition(stage, { strategy: "None" }))
      await server.send("POST", path(stage, "v1"), v1(stage, "a", 1))
      await stage.see("in v2", server.send("GET", `${path(stage, "v2")}/a`))
    },
  },
  {
    name: "equivalent versions",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/convert", converted)
      hooks.on("/m", () => ({ response: patch({ op: "replace", path: "/spec/size", value: 42 }) }))
      hooks.on("/v", () => ({ response: { allowed: true } }))
      hooks.on("/exact", () => ({ response: { allowed: false } }))
      const rules = [rule(group(stage), "v1", "widgets,widgets/status", "*")]
      await stage.configure(
        definition(stage, byWebhook(stage)),
        mutating("equivalent", webhook(stage, "m", "/m", { rules })),
        validating(
          "equivalent",
          webhook(stage, "v", "/v", { rules }),
          webhook(stage, "x", "/exact", { rules, matchPolicy: "Exact" }),
        ),
      )
      await stage.see("created", server.send("POST", path(stage, "v2"), v2(stage, "a", 1)))
      stage.note(
        "reviews",
        hooks.taken().filter((r) => r.path.startsWith("/m") || r.path.startsWith("/v")),
      )
      await stage.see("refused in its own version", server.send("POST", path(stage, "v1"), v1(stage, "b", 1)))
    },
  },
]

function eventsOf(text: Json): Json[] {
  const lines = typeof text === "string" ? text.split("\n") : [JSON.stringify(text)]
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line))
}
