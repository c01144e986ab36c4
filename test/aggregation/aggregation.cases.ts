// Another API server behind this one: the same on the embedded server and on kube-apiserver.
import assert from "node:assert/strict"
import { request as requestHttps } from "node:https"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { after, before, test } from "node:test"
import { eventually } from "../support/eventually.ts"
import { GROUP, startExtensionServer, type ExtensionServer, type Seen } from "./extension-server.ts"

export type AggregatingServer = {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

// oxlint-disable-next-line typescript/no-explicit-any -- answers of every kind
type Json = any
type Answer = {
  readonly status: number
  readonly text: string
  readonly json: Json
  readonly headers: IncomingMessage["headers"]
}

const API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
const PIPES = `/apis/${GROUP}/v1/namespaces/aggregated/pipes`
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
const SLOW_MS = 60_000

export function aggregationCases(target: () => AggregatingServer): void {
  let extension: ExtensionServer

  function open(method: string, path: string, headers: Record<string, string | string[]> = {}) {
    const { server, ca, cert, key } = target()
    return requestHttps(`${server}${path}`, { method, ca, cert, key, headers })
  }

  function send(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string | string[]> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = open(method, path, {
        accept: "application/json",
        "content-type": "application/json",
        ...headers,
      })
      outgoing.on("error", reject)
      outgoing.on("response", (incoming) => {
        const chunks: Buffer[] = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = incoming.headers["content-type"]?.includes("json") === true
          const json = isJson ? JSON.parse(text) : undefined
          resolve({ status: incoming.statusCode ?? 0, text, json, headers: incoming.headers })
        })
      })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
  const get = (path: string, headers: Record<string, string | string[]> = {}) => send("GET", path, undefined, headers)

  const available = async () => {
    const { json } = await get(`${API_SERVICES}/v1.${GROUP}`)
    return json.status?.conditions?.find((c: Json) => c.type === "Available")
  }
  const becomes = (reason: string) =>
    eventually(async () => {
      const condition = await available()
      assert.equal(condition?.reason, reason, JSON.stringify(condition))
      return condition
    }, SLOW_MS)
  const seenOne = (): Seen => {
    const seen = extension.taken()
    assert.equal(seen.length, 1)
    return seen[0]!
  }

  before(async () => {
    await send("POST", "/api/v1/namespaces", { metadata: { name: "aggregated" } })
    const config = await eventually(async () => {
      const { json } = await get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
      assert.ok(json.data["requestheader-client-ca-file"])
      return json
    }, SLOW_MS)
    extension = await startExtensionServer(config.data["requestheader-client-ca-file"])
  })
  after(() => extension.close())

  test("other servers are told how to know who passes requests on", async () => {
    const { json } = await get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
    assert.match(json.data["client-ca-file"], /^-----BEGIN CERTIFICATE-----/)
    const rest = Object.entries(json.data).filter(([name]) => !name.endsWith("-ca-file"))
    assert.deepEqual(Object.fromEntries(rest), {
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-uid-headers": '["X-Remote-Uid"]',
      "requestheader-username-headers": '["X-Remote-User"]',
    })
    const { json: role } = await get(
      "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader",
    )
    assert.deepEqual(role.rules[0].resourceNames, ["extension-apiserver-authentication"])
  })

  test("an APIService that cannot be is refused", async () => {
    const tried = async (name: string, spec: object) => {
      const { json } = await send("POST", `${API_SERVICES}?dryRun=All`, { metadata: { name }, spec })
      return json.message
    }
    const priorities = { groupPriorityMinimum: 100, versionPriority: 10 }
    assert.deepEqual(
      [
        await tried("x", { group: GROUP, version: "v1", ...priorities }),
        await tried("V1.", { group: "", version: "V1", groupPriorityMinimum: 20_001, versionPriority: 0 }),
        await tried(`v2.${GROUP}`, {
          group: GROUP,
          version: "v2",
          ...priorities,
          caBundle: "YQ==",
          insecureSkipTLSVerify: true,
        }),
        await tried(`v2.${GROUP}`, {
          group: GROUP,
          version: "v2",
          ...priorities,
          caBundle: "YQ==",
          insecureSkipTLSVerify: true,
          service: { namespace: "", name: "", port: 70_000 },
        }),
      ],
      [
        `APIService.apiregistration.k8s.io "x" is invalid: metadata.name: Invalid value: "x": must be \`spec.version+"."+spec.group\`: "v1.${GROUP}"`,
        `APIService.apiregistration.k8s.io "V1." is invalid: [spec.group: Required value: only v1 may have an empty group and it better be legacy kube, spec.version: Invalid value: "V1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?'), spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000, spec.versionPriority: Invalid value: 0: must be positive and less than 1000]`,
        `APIService.apiregistration.k8s.io "v2.${GROUP}" is invalid: [spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle, spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify]`,
        `APIService.apiregistration.k8s.io "v2.${GROUP}" is invalid: [spec.service.namespace: Required value, spec.service.name: Required value, spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive, spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present]`,
      ],
    )
  })

  test("its own groups have APIServices, and those of definitions come and go with them", async () => {
    const { json } = await eventually(async () => {
      const answer = await get(API_SERVICES)
      assert.ok(answer.json.items.length > 15)
      return answer
    }, SLOW_MS)
    const apps = json.items.find((item: Json) => item.metadata.name === "v1.apps")
    assert.deepEqual(apps.spec, { group: "apps", version: "v1", groupPriorityMinimum: 17_800, versionPriority: 15 })
    assert.equal(apps.metadata.labels["kube-aggregator.kubernetes.io/automanaged"], "onstart")
    const [{ lastTransitionTime: _, ...condition }] = apps.status.conditions
    const message = "Local APIServices are always available"
    assert.deepEqual(condition, { type: "Available", status: "True", reason: "Local", message })
    const definition = {
      metadata: { name: "taps.taps.example.com" },
      spec: {
        group: "taps.example.com",
        scope: "Namespaced",
        names: { plural: "taps", kind: "Tap" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      },
    }
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await send("POST", definitions, definition)
    const made = await eventually(async () => {
      const answer = await get(`${API_SERVICES}/v1.taps.example.com`)
      assert.equal(answer.status, 200)
      return answer.json
    }, SLOW_MS)
    assert.deepEqual(made.spec, {
      group: "taps.example.com",
      version: "v1",
      groupPriorityMinimum: 1000,
      versionPriority: 100,
    })
    await send("DELETE", `${definitions}/taps.taps.example.com`)
    await eventually(async () => assert.equal((await get(`${API_SERVICES}/v1.taps.example.com`)).status, 404), SLOW_MS)
  })

  test("until there is a service, nobody is asked", async () => {
    const created = await send("POST", API_SERVICES, {
      metadata: { name: `v1.${GROUP}` },
      spec: {
        group: GROUP,
        version: "v1",
        groupPriorityMinimum: 16_550,
        versionPriority: 10,
        caBundle: extension.caBundle,
        service: { namespace: "aggregated", name: "pipes", port: extension.port },
      },
    })
    assert.equal(created.status, 201, created.text)
    const condition = await becomes("ServiceNotFound")
    assert.equal(condition.message, 'service/pipes in "aggregated" is not present')
    const answer = await eventually(async () => {
      const tried = await get(PIPES)
      assert.equal(tried.status, 503)
      return tried
    }, SLOW_MS)
    assert.deepEqual(
      [answer.text, answer.headers["content-type"]],
      ["service unavailable\n", "text/plain; charset=utf-8"],
    )
    assert.deepEqual(extension.taken(), [])
  })

  test("once it answers, its group is found among the others", async () => {
    await send("POST", "/api/v1/namespaces/aggregated/services", {
      metadata: { name: "pipes" },
      spec: { type: "ExternalName", externalName: "localhost" },
    })
    const condition = await becomes("Passed")
    assert.deepEqual([condition.status, condition.message], ["True", "all checks passed"])
    const group = await eventually(async () => {
      const { json } = await get("/apis", { accept: AGGREGATED })
      const found = json.items.find((item: Json) => item.metadata.name === GROUP)
      assert.equal(found?.versions[0].freshness, "Current")
      return found
    }, SLOW_MS)
    // As the server says it: it has left group and version out.
    const responseKind = { group: "", version: "", kind: "Pipe" }
    assert.deepEqual(group.versions[0].resources, [
      {
        resource: "pipes",
        responseKind,
        scope: "Namespaced",
        singularResource: "pipe",
        verbs: ["get", "list", "watch", "create"],
        shortNames: ["pp"],
        subresources: [{ subresource: "open", responseKind: { ...responseKind, kind: "PipeOptions" }, verbs: ["get"] }],
      },
    ])
    const { json: groups } = await get("/apis")
    const names = groups.groups.map(({ name }: Json) => name)
    // By its priority.
    assert.equal(names[names.indexOf(GROUP) - 1], "scheduling.k8s.io")
    assert.equal(names[names.indexOf(GROUP) + 1], "coordination.k8s.io")
    const { json: own } = await get(`/apis/${GROUP}`)
    assert.deepEqual(own.preferredVersion, { groupVersion: `${GROUP}/v1`, version: "v1" })
    const { json: list } = await get(`/apis/${GROUP}/v1`)
    assert.equal(list.resources[0].name, "pipes")
    const { json: root } = await get("/")
    assert.ok(root.paths.includes(`/apis/${GROUP}/v1`))
    const url = await eventually(async () => {
      const { text } = await get("/openapi/v3")
      const found = JSON.parse(text).paths[`apis/${GROUP}/v1`]?.serverRelativeURL
      assert.ok(found)
      return found as string
    }, SLOW_MS)
    assert.equal((await get(url)).status, 200)
  })

  test("requests arrive as they were sent, with whom they are for", async () => {
    extension.taken()
    const { json, text } = await get(`${PIPES}?labelSelector=a%3Db&limit=5`, {
      "x-remote-user": "somebody",
      "x-custom": "kept",
    })
    assert.equal(json?.items[0].metadata.name, "a", text)
    const seen = seenOne()
    assert.equal(seen.proxy, "front-proxy-client")
    assert.deepEqual(
      new URLSearchParams(seen.path.split("?")[1]),
      new URLSearchParams({ labelSelector: "a=b", limit: "5" }),
    )
    assert.equal(seen.headers["x-custom"], "kept")
    assert.notEqual(seen.headers["x-remote-user"], "somebody")
    const groups = [seen.headers["x-remote-group"]].flat()
    assert.ok(groups.includes("system:masters") && groups.includes("system:authenticated"), String(groups))
    const created = await send(
      "POST",
      PIPES,
      { kind: "Pipe", metadata: { name: "b" } },
      {
        "impersonate-user": "alice",
        "impersonate-group": "system:masters",
        "impersonate-extra-some%2fthing": "x",
      },
    )
    assert.equal(created.status, 201)
    const { headers, body } = seenOne()
    assert.equal(headers["x-remote-user"], "alice")
    assert.equal(headers["x-remote-extra-some%2fthing"], "x")
    assert.equal(headers["impersonate-user"], undefined)
    assert.deepEqual(JSON.parse(body), { kind: "Pipe", metadata: { name: "b" } })
  })

  test("who may not, is not let through", async () => {
    const { status, json } = await get(PIPES, { "impersonate-user": "alice" })
    assert.equal(status, 403)
    assert.match(json.message, /User "alice" cannot list resource "pipes" in API group "pipes.example.com"/)
    assert.deepEqual(extension.taken(), [])
  })

  test("a watch is passed on as it comes, and ends with the client", async () => {
    const outgoing = open("GET", `${PIPES}?watch=true`)
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on("response", resolve).on("error", reject)
      outgoing.end()
    })
    await eventually(() => assert.equal(extension.watches, 1))
    let text = ""
    incoming.on("data", (chunk: Buffer) => (text += chunk.toString()))
    extension.tell({ type: "ADDED", object: { n: 1 } })
    await eventually(() => assert.equal(text, '{"type":"ADDED","object":{"n":1}}\n'))
    extension.tell({ type: "MODIFIED", object: { n: 2 } })
    await eventually(() => assert.ok(text.endsWith('{"type":"MODIFIED","object":{"n":2}}\n')))
    incoming.on("error", () => undefined)
    outgoing.destroy()
    await eventually(() => assert.equal(extension.watches, 0))
  })

  test("a large answer is passed on whole", async () => {
    const { json } = await get(`${PIPES}/large`)
    assert.equal(json.text.length, 8_000_000)
  })

  test("a connection is handed over", async () => {
    extension.taken()
    const outgoing = open("GET", `${PIPES}/a/open`, { connection: "Upgrade", upgrade: "pipe/1" })
    const [incoming, socket] = await new Promise<[IncomingMessage, Duplex]>((resolve, reject) => {
      outgoing.on("upgrade", (message: IncomingMessage, duplex: Duplex) => resolve([message, duplex]))
      outgoing.on("response", (message) => reject(new Error(`Status ${message.statusCode}`))).on("error", reject)
      outgoing.end()
    })
    assert.equal(incoming.headers["upgrade"], "pipe/1")
    let text = ""
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()))
    socket.write("through ")
    await eventually(() => assert.equal(text, "THROUGH "))
    socket.write("and through")
    await eventually(() => assert.equal(text, "THROUGH AND THROUGH"))
    assert.ok([seenOne().headers["x-remote-group"]].flat().includes("system:masters"))
    socket.destroy()
  })

  test("nobody is sent elsewhere", async () => {
    const { status } = await get(`${PIPES}/away`)
    assert.equal(status, 502)
  })

  test("a server that stops answering is told of, and its group stays known", async () => {
    const { port } = extension
    await extension.close()
    // Of itself it is looked after every half a minute.
    await send(
      "PATCH",
      `${API_SERVICES}/v1.${GROUP}`,
      { metadata: { annotations: { look: "now" } } },
      {
        "content-type": "application/merge-patch+json",
      },
    )
    const condition = await becomes("FailedDiscoveryCheck")
    assert.match(
      condition.message,
      /^failing or missing response from https:\/\/localhost:\d+\/apis\/pipes\.example\.com\/v1: Get /,
    )
    await eventually(async () => assert.equal((await get(PIPES)).status, 503), SLOW_MS)
    const { json } = await get(`/apis/${GROUP}`)
    assert.equal(json.preferredVersion.version, "v1")
    const config = await get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
    extension = await startExtensionServer(config.json.data["requestheader-client-ca-file"], port)
    await send(
      "PATCH",
      `${API_SERVICES}/v1.${GROUP}`,
      { spec: { caBundle: extension.caBundle } },
      {
        "content-type": "application/merge-patch+json",
      },
    )
    await becomes("Passed")
    await eventually(async () => assert.equal((await get(PIPES)).status, 200), SLOW_MS)
  })

  test("without its APIService the group is gone", async () => {
    await send("DELETE", `${API_SERVICES}/v1.${GROUP}`)
    await eventually(async () => assert.equal((await get(PIPES)).status, 404), SLOW_MS)
    await eventually(async () => {
      const { json } = await get("/apis")
      assert.ok(!json.groups.some(({ name }: Json) => name === GROUP))
    }, SLOW_MS)
  })
}
