import { startReviewServer } from "./review-server.ts"
import { configMap, configMaps, mutating, patch, rule, validating, webhook, type Scene } from "./scene.ts"

const add = (key: string, value: string) => patch({ op: "add", path: `/data/${key}`, value })

const named = (name: string) => ({ metadata: { name } })

/** What webhooks are asked, and what their answers do. */
export const ADMISSION_SCENES: readonly Scene[] = [
  {
    name: "a patch changes what is stored",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/mutate", () => ({ response: { ...add("b", "2"), warnings: ["mind the b", "and the gap"] } }))
      await stage.configure(mutating("m1", webhook(stage, "m1", "/mutate")))
      await stage.see("created", server.send("POST", `${configMaps(stage)}?fieldManager=me`, configMap("one")))
      await stage.see("read", server.send("GET", `${configMaps(stage)}/one`))
      stage.seeReviews("reviews")
      await stage.see(
        "dry run",
        server.send("POST", `${configMaps(stage)}?dryRun=All&fieldValidation=Strict`, configMap("two")),
      )
      stage.seeReviews("reviews of the dry run")
    },
  },
  {
    name: "match conditions",
    async play(stage) {
      const { server, hooks } = stage
      const conditions = [
        { name: "named", expression: "object.metadata.name.startsWith('asked')" },
        { name: "by-whom", expression: "request.userInfo.username != '' && request.operation == 'CREATE'" },
        { name: "broken", expression: "object.data.a != 'broken' || object.data.none == 'x'" },
        { name: "may", expression: "authorizer.requestResource.check('create').allowed()" },
      ]
      for (const path of ["/strict", "/mild"]) hooks.on(path, () => ({ response: { allowed: true } }))
      const strict = webhook(stage, "strict", "/strict", { matchConditions: conditions })
      const mild = webhook(stage, "mild", "/mild", { matchConditions: conditions, failurePolicy: "Ignore" })
      await stage.configure(mutating("m1", mild), validating("v1", mild))
      await stage.see("asked", server.send("POST", configMaps(stage), configMap("asked")))
      await stage.see("not asked", server.send("POST", configMaps(stage), configMap("other")))
      const broken = { ...configMap("asked-broken"), data: { a: "broken" } }
      await stage.see("ignored", server.send("POST", configMaps(stage), broken))
      stage.note(
        "paths",
        hooks.taken().map(({ path }: { path: string }) => path),
      )
      await stage.configure(mutating("m2", strict), validating("v2", strict))
      const both = { ...configMap("asked-both"), data: { a: "broken" } }
      await stage.see("refused", server.send("POST", configMaps(stage), both))
      await stage.see("false is stronger", server.send("POST", configMaps(stage), { ...both, ...named("other-both") }))
    },
  },
  {
    name: "connections",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/connect", () => ({ response: { allowed: false, status: { message: "no way in" } } }))
      const rules = [rule("", "v1", "pods/*,services/proxy", "CONNECT")]
      await stage.configure(validating("v1", webhook(stage, "v1", "/connect", { rules })))
      const core = `/api/v1/namespaces/${stage.namespace}`
      for (const path of [
        "pods/none/exec?command=ls&command=-l&container=c&stdin=true&stdout=false",
        "pods/none/exec",
        "pods/none/attach?container=c&tty=1",
        "pods/none/portforward?ports=80&ports=443",
        "pods/none/portforward",
        "pods/none:80/proxy/a/b?c=d",
        "services/none/proxy",
        "pods/none/log",
      ])
        await stage.see(path, server.send("GET", `${core}/${path}`))
      await stage.see("by POST", server.send("POST", `${core}/pods/none/exec?command=true`))
      stage.seeReviews("reviews")
    },
  },
  {
    name: "refusals",
    async play(stage) {
      const { server, hooks } = stage
      const results = {
        plain: undefined,
        message: { message: "not today" },
        reason: { reason: "Forbidden" },
        full: {
          message: "too big",
          code: 422,
          reason: "Invalid",
          details: { causes: [{ field: "data.a", message: "big" }] },
        },
        success: { status: "Success", code: 200, message: "fine but no" },
      }
      hooks.on("/deny", ({ name }) => ({ response: { allowed: false, status: results[name as keyof typeof results] } }))
      await stage.configure(validating("v1", webhook(stage, "v1", "/deny")))
      for (const name of Object.keys(results))
        await stage.see(name, server.send("POST", configMaps(stage), configMap(name)))
      stage.note("reviews", hooks.taken().length)
    },
  },
  {
    name: "failures",
    async play(stage) {
      const { server, hooks } = stage
      const cases = {
        missing: { status: 404, text: "404 page not found\n" },
        broken: { status: 500, text: "boom" },
        forbidden: { status: 403, text: "not you" },
        unavailable: { status: 503, text: "later" },
        status: {
          status: 500,
          type: "application/json",
          text: JSON.stringify({
            kind: "Status",
            apiVersion: "v1",
            status: "Failure",
            message: "own words",
            code: 500,
          }),
        },
        untyped: { status: 200, text: "{}" },
        kindless: { status: 200, type: "application/json", text: "{}" },
        absent: { review: { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" } },
        uid: { response: { uid: "other", allowed: true } },
        patched: { response: { ...add("b", "2") } },
      } as const
      for (const [path, reply] of Object.entries(cases)) hooks.on(`/${path}`, () => reply)
      hooks.on("/version", ({ uid }) => ({
        review: { apiVersion: "admission.k8s.io/v1beta1", kind: "AdmissionReview", response: { uid, allowed: true } },
      }))
      for (const path of [...Object.keys(cases), "version"]) {
        await stage.configure(validating(path, webhook(stage, path, `/${path}`)))
        await stage.see(path, server.send("POST", configMaps(stage), configMap("x")))
        await server.send("DELETE", `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${path}`)
      }
    },
  },
  {
    name: "nobody answers",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/silent", () => "nothing")
      const stranger = await startReviewServer()
      const clients = {
        refused: { url: "https://127.0.0.1:1/x" },
        rootless: { url: "https://127.0.0.1:1" },
        untrusted: { url: stage.hooks.url("/x"), caBundle: stranger.caBundle },
        service: { service: { name: "nope", namespace: "default", path: "/x" }, caBundle: hooks.caBundle },
      }
      await stranger.close()
      for (const [name, clientConfig] of Object.entries(clients)) {
        await stage.configure(validating(name, webhook(stage, name, "/", { clientConfig })))
        await stage.see(name, server.send("POST", configMaps(stage), configMap("x")))
        await server.send("DELETE", `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`)
      }
      await stage.configure(validating("silent", webhook(stage, "silent", "/silent", { timeoutSeconds: 1 })))
      await stage.see("silent", server.send("POST", configMaps(stage), configMap("x")))
      await server.send("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/silent")
      const ignore = { clientConfig: clients.refused, failurePolicy: "Ignore" }
      await stage.configure(
        validating("ignored", webhook(stage, "ignored", "/", ignore)),
        mutating("ignored", webhook(stage, "ignored", "/", ignore)),
      )
      await stage.see("ignored", server.send("POST", configMaps(stage), configMap("x")))
    },
  },
  {
    name: "bad patches",
    async play(stage) {
      const { server, hooks } = stage
      const encoded = (text: string) => Buffer.from(text).toString("base64")
      const cases = {
        typeless: { allowed: true, patch: encoded("[]") },
        patchless: { allowed: true, patchType: "JSONPatch" },
        merge: { allowed: true, patchType: "MergePatch", patch: encoded("{}") },
        empty: { allowed: true, patchType: "JSONPatch", patch: encoded("[]") },
        unknown: patch({ op: "add", path: "/what", value: 1 }),
        "wrong-type": patch({ op: "add", path: "/data/b", value: { c: 1 } }),
      }
      for (const [path, response] of Object.entries(cases)) hooks.on(`/${path}`, () => ({ response }))
      for (const path of Object.keys(cases)) {
        await stage.configure(mutating(path, webhook(stage, path, `/${path}`)))
        await stage.see(path, server.send("POST", configMaps(stage), configMap(path)))
        await server.send("DELETE", `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${path}`)
      }
    },
  },
  {
    name: "every operation",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/m", () => ({ response: { allowed: true } }))
      hooks.on("/v", () => ({ response: { allowed: true } }))
      const rules = [rule("*", "*", "configmaps,deployments,deployments/*,serviceaccounts/token,pods/eviction", "*")]
      await stage.configure(
        mutating("all", webhook(stage, "m", "/m", { rules })),
        validating("all", webhook(stage, "v", "/v", { rules })),
      )
      const path = configMaps(stage)
      const created = await server.send("POST", `${path}?fieldManager=me`, configMap("a"))
      stage.seeReviews("create")
      await server.send("POST", path, { metadata: { generateName: "name-" } })
      stage.seeReviews("generated name")
      const { metadata } = created.body
      await server.send(
        "PUT",
        `${path}/a?fieldManager=me`,
        configMap("a", { a: "2" }, { resourceVersion: metadata.resourceVersion }),
      )
      stage.seeReviews("update")
      await server.send("PATCH", `${path}/a?fieldManager=me`, { data: { b: "3" } })
      stage.seeReviews("patch")
      const apply = { "content-type": "application/apply-patch+yaml" }
      await server.send("PATCH", `${path}/b?fieldManager=me&force=true`, configMap("b"), apply)
      stage.seeReviews("apply that creates")
      await server.send("PATCH", `${path}/b?fieldManager=me&force=true`, configMap("b", { a: "5" }), apply)
      stage.seeReviews("apply")
      await server.send("DELETE", `${path}/a`, { propagationPolicy: "Background", gracePeriodSeconds: 0 })
      stage.seeReviews("delete")
      await server.send("DELETE", `${path}?labelSelector=nothing=such`)
      await server.send("DELETE", `${path}?fieldSelector=metadata.name=b`)
      stage.seeReviews("delete of a collection")
      const deployments = `/apis/apps/v1/namespaces/${stage.namespace}/deployments`
      const labels = { app: "x" }
      const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } }
      await server.send("POST", deployments, {
        metadata: { name: "d" },
        spec: { replicas: 0, selector: { matchLabels: labels }, template },
      })
      hooks.taken()
      await server.send("PATCH", `${deployments}/d/scale`, { spec: { replicas: 3 } })
      stage.seeReviews("scale")
      await server.send("DELETE", `${deployments}/d`)
      hooks.taken()
      const token = `/api/v1/namespaces/${stage.namespace}/serviceaccounts/default/token`
      await server.send("POST", token, { spec: { expirationSeconds: 600 } })
      stage.seeReviews("token")
    },
  },
  {
    name: "what is selected",
    async play(stage) {
      const { server, hooks } = stage
      const names = ["rule", "operation", "group", "scope", "cluster", "object", "subresource", "wildcard"]
      for (const name of names) hooks.on(`/${name}`, () => ({ response: { allowed: true } }))
      const scoped = (scope: string) => [{ ...rule("", "v1", "configmaps", "CREATE"), scope }]
      const rules: Record<string, object> = {
        rule: {},
        operation: { rules: [rule("", "v1", "configmaps", "UPDATE", "DELETE")] },
        group: { rules: [rule("apps", "*", "*", "*")] },
        scope: { rules: scoped("Namespaced") },
        cluster: { rules: scoped("Cluster") },
        object: { objectSelector: { matchLabels: { pick: "me" } } },
        subresource: { rules: [rule("", "v1", "configmaps/status", "*")] },
        wildcard: { rules: [rule("*", "*", "*/*", "*")] },
      }
      await stage.configure(validating("select", ...names.map((n) => webhook(stage, n, `/${n}`, rules[n]))))
      const paths = () =>
        hooks
          .taken()
          .map(({ path }) => path)
          .toSorted()
      await server.send("POST", configMaps(stage), configMap("a"))
      stage.note("plain", paths())
      await server.send("POST", configMaps(stage), configMap("b", {}, { labels: { pick: "me" } }))
      stage.note("labelled", paths())
      await server.send("PATCH", `${configMaps(stage)}/b`, { metadata: { labels: null } })
      stage.note("no longer labelled", paths())
      await server.send("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", configMap("c"))
      stage.note("in another namespace", paths())
    },
  },
  {
    name: "order and reinvocation",
    async play(stage) {
      const { server, hooks } = stage
      const append = (letter: string) => (request: { object: { data: { order?: string } } }) => ({
        response: patch({ op: "add", path: "/data/order", value: (request.object.data.order ?? "") + letter }),
      })
      hooks.on("/a", append("a"))
      hooks.on("/b", append("b"))
      hooks.on("/c", append("c"))
      hooks.on("/v", ({ object }) => ({ response: { allowed: false, status: { message: object.data.order } } }))
      const again = { reinvocationPolicy: "IfNeeded" }
      await stage.configure(
        mutating("zz", webhook(stage, "c", "/c")),
        mutating("aa", webhook(stage, "a", "/a", again), webhook(stage, "b", "/b")),
        validating("last", webhook(stage, "v", "/v")),
      )
      await stage.see("order", server.send("POST", configMaps(stage), configMap("x")))
      stage.note(
        "asked",
        hooks.taken().map(({ path }) => path),
      )
    },
  },
  {
    name: "configurations are exempt",
    async play(stage) {
      const { hooks } = stage
      hooks.on("/deny", () => ({ response: { allowed: false } }))
      const rules = [rule("admissionregistration.k8s.io", "*", "*", "*")]
      const all = { rules, namespaceSelector: {} }
      await stage.configure(validating("deny-all", webhook(stage, "deny", "/deny", all)))
      await stage.configure(validating("second", webhook(stage, "second", "/deny")))
      stage.note("reviews", hooks.taken().length)
    },
  },
  {
    name: "namespaces",
    async play(stage) {
      const { server, hooks } = stage
      hooks.on("/ns", () => ({ response: { allowed: false, status: { message: "no such namespaces" } } }))
      const rules = [rule("", "v1", "namespaces", "CREATE", "UPDATE", "DELETE")]
      const selector = { namespaceSelector: { matchLabels: { guarded: "yes" } }, rules }
      await stage.configure(validating("ns", webhook(stage, "ns", "/ns", selector)))
      const path = "/api/v1/namespaces"
      await stage.see(
        "guarded",
        server.send("POST", path, { metadata: { name: "guarded", labels: { guarded: "yes" } } }),
      )
      stage.seeReviews("create")
      await server.send("POST", `${path}?dryRun=All`, { metadata: { name: "free" } })
      await server.send("PATCH", `${path}/${stage.namespace}`, { metadata: { labels: { guarded: "yes" } } })
      stage.seeReviews("update")
    },
  },
]
