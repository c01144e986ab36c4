import assert from "node:assert/strict"
import { test } from "node:test"
import { parseRequestInfo } from "./request-info.ts"

const info = (method: string, target: string) => {
  const { isResource, verb, group, version, namespace, resource, name, subresource, parts } = parseRequestInfo(
    method,
    target,
  )
  return isResource ? [verb, group, version, namespace, resource, name, subresource, parts.join("/")].join("|") : verb
}

for (const [method, target, want] of [
  ["GET", "/api/v1/pods", "list||v1||pods|||"],
  ["GET", "/api/v1/pods?watch=1", "watch||v1||pods|||"],
  ["GET", "/api/v1/pods?watch=true", "watch||v1||pods|||"],
  ["GET", "/api/v1/pods?watch=nope", "watch||v1||pods|||"],
  ["GET", "/api/v1/pods?watch=false", "list||v1||pods|||"],
  ["GET", "/api/v1/pods?watch=0", "list||v1||pods|||"],
  ["GET", "/api/v1/watch/namespaces/a/pods", "watch||v1|a|pods|||"],
  ["GET", "/api/v1/namespaces/a/pods/p", "get||v1|a|pods|p||"],
  ["GET", "/api/v1/namespaces/a/pods/p?watch=1", "get||v1|a|pods|p||"],
  ["GET", "/api/v1/namespaces/a/pods/p/log", "get||v1|a|pods|p|log|"],
  ["GET", "/api/v1/namespaces/a/pods/p/proxy/x/y", "get||v1|a|pods|p|proxy|x/y"],
  ["GET", "/api/v1/namespaces", "list||v1||namespaces|||"],
  ["GET", "/api/v1/namespaces/a", "get||v1|a|namespaces|a||"],
  ["PUT", "/api/v1/namespaces/a/finalize", "update||v1|a|namespaces|a|finalize|"],
  ["PATCH", "/api/v1/namespaces/a/status", "patch||v1|a|namespaces|a|status|"],
  ["POST", "/apis/apps/v1/namespaces/a/deployments", "create|apps|v1|a|deployments|||"],
  ["PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale", "update|apps|v1|a|deployments|d|scale|"],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments/d", "delete|apps|v1|a|deployments|d||"],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection|apps|v1|a|deployments|||"],
  ["GET", "/apis/x.io/v1/things/a%2Fb", "get|x.io|v1||things|a/b||"],
  ["GET", "/apis/apps/v1", "get"],
  ["GET", "/apis/apps", "get"],
  ["GET", "/api", "get"],
  ["GET", "/version", "get"],
  ["POST", "/livez", "post"],
] as const) {
  test(`parseRequestInfo: ${method} ${target}`, () => assert.equal(info(method, target), want))
}

test("parseRequestInfo: a path that cannot be decoded is a bad request", () => {
  assert.throws(() => parseRequestInfo("GET", "/api/v1/namespaces/%zz/pods"), { code: 400, reason: "BadRequest" })
})
