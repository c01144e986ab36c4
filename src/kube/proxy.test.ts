import assert from "node:assert/strict"
import { test } from "node:test"
import { checkProxyUrl, proxyFromEnvironment } from "./proxy.ts"

const PROXY = "http://proxy:3128"

for (const { server, noProxy = "", want } of [
  { server: "https://hub.example.com:6443", want: PROXY },
  { server: "http://hub.example.com", want: undefined },
  { server: "https://localhost:6443", want: undefined },
  { server: "https://127.0.0.9:6443", want: undefined },
  { server: "https://[::1]:6443", want: undefined },
  { server: "https://hub.example.com", noProxy: "*", want: undefined },
  { server: "https://hub.example.com", noProxy: "example.com", want: undefined },
  { server: "https://HUB.example.com", noProxy: " other , Example.COM ", want: undefined },
  { server: "https://example.com", noProxy: "example.com", want: undefined },
  { server: "https://hub.example.com", noProxy: ".example.com", want: undefined },
  { server: "https://hub.example.com", noProxy: "*.example.com", want: undefined },
  { server: "https://example.com", noProxy: ".example.com", want: PROXY },
  { server: "https://badexample.com", noProxy: "example.com", want: PROXY },
  { server: "https://hub.example.com:6443", noProxy: "hub.example.com:6443", want: undefined },
  { server: "https://hub.example.com:6443", noProxy: "hub.example.com:443", want: PROXY },
  { server: "https://hub.example.com", noProxy: "hub.example.com:443", want: undefined },
  { server: "https://10.1.2.3:6443", noProxy: "10.0.0.0/8", want: undefined },
  { server: "https://11.1.2.3:6443", noProxy: "10.0.0.0/8", want: PROXY },
  { server: "https://10.1.2.3:6443", noProxy: "10.1.2.3", want: undefined },
  { server: "https://10.1.2.3:6443", noProxy: "1.2.3", want: PROXY },
  { server: "https://[fd00::5]:6443", noProxy: "fd00::/8", want: undefined },
  { server: "https://[fd00::5]:6443", noProxy: "fd00::5", want: undefined },
  { server: "https://[fd00::5]:6443", noProxy: "[fd00::5]:6443", want: undefined },
  { server: "https://hub.example.com", noProxy: "10.0.0.0/99,a/8,/,:,x:y", want: PROXY },
]) {
  test(`proxyFromEnvironment: ${server} with NO_PROXY "${noProxy}"`, () =>
    assert.equal(proxyFromEnvironment(server, { HTTPS_PROXY: PROXY, NO_PROXY: noProxy }), want))
}

test("proxyFromEnvironment: names in lower case, no scheme, none at all", () => {
  const server = "https://hub"
  assert.equal(proxyFromEnvironment(server, { https_proxy: "proxy:3128" }), PROXY)
  assert.equal(proxyFromEnvironment(server, { https_proxy: PROXY, no_proxy: "hub" }), undefined)
  assert.equal(proxyFromEnvironment(server, { HTTP_PROXY: PROXY }), undefined)
  assert.equal(proxyFromEnvironment(server, { HTTPS_PROXY: "" }), undefined)
})

test("a proxy of another kind is refused, and its password is not repeated", () => {
  for (const proxy of ["socks5://user:secret@proxy:1080", "ftp://secret"]) {
    const refused = (error: Error) =>
      /want a URL that begins with http/.test(error.message) && !/secret/.test(error.message)
    assert.throws(() => proxyFromEnvironment("https://hub", { HTTPS_PROXY: proxy }), refused)
    assert.throws(() => checkProxyUrl(proxy, "x"), refused)
  }
  assert.equal(checkProxyUrl("https://proxy", "x"), "https://proxy")
})
