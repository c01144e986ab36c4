import assert from "node:assert/strict"
import { test } from "node:test"
import { gunzipSync } from "node:zlib"
import { withCompression } from "./compression.ts"

const answer = (bytes: number) => ({ status: 200, headers: { vary: "Accept" }, body: Buffer.alloc(bytes, "a") })
const LARGE = 128 * 1024 + 1

for (const { name, bytes, accept, want } of [
  { name: "large, asked for", bytes: LARGE, accept: "deflate, gzip", want: "gzip" },
  { name: "at the bound", bytes: LARGE - 1, accept: "gzip", want: undefined },
  { name: "large, not asked for", bytes: LARGE, accept: undefined, want: undefined },
  { name: "with a quality, which upstream does not know", bytes: LARGE, accept: "gzip;q=1", want: undefined },
]) {
  test(`withCompression: ${name}`, async () => {
    const before = answer(bytes)
    const { headers, body } = await withCompression(before, accept === undefined ? {} : { "accept-encoding": accept })
    assert.equal((headers as Record<string, unknown>)["content-encoding"], want)
    const plain = want === undefined ? (body as Uint8Array) : gunzipSync(body as Uint8Array)
    assert.ok(before.body.equals(plain))
    assert.deepEqual(headers["vary"], want === undefined ? "Accept" : ["Accept", "Accept-Encoding"])
  })
}
