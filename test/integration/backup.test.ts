// Backups as a person makes them: of a server that runs, put back elsewhere, and refused where they would do harm.
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { CONFIG_MAPS } from "#api/kubernetes/core.ts"
import { isStream } from "#lib/http.ts"
import { eventually } from "../support/eventually.ts"
import { connectWith, hawser, startHawser, type Running } from "../support/hawser.ts"

const root = mkdtempSync(join(tmpdir(), "hawser-backup-"))
const running: Running[] = []
after(async () => {
  await Promise.all(running.map((server) => server.stop()))
  rmSync(root, { recursive: true })
})

async function serve(dir: string, ...args: string[]): Promise<Running> {
  const server = startHawser(root, "apiserver", "--dir", dir, ...args)
  running.push(server)
  await eventually(() => assert.match(server.output(), /Kubeconfig /))
  return server
}

const write = async (dir: string, name: string) => {
  const { client, close } = await connectWith(join(root, dir, "kubeconfig"))
  const metadata = { name, namespace: "default" }
  const written = await client.create(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata })
  close()
  return Number(written.metadata.resourceVersion)
}

const names = async (dir: string) => {
  const { client, close } = await connectWith(join(root, dir, "kubeconfig"))
  const { items } = await client.list(CONFIG_MAPS, { namespace: "default" })
  close()
  return items.map(({ metadata }) => metadata.name).filter((name) => name !== "kube-root-ca.crt")
}

const firstWatchEvent = async (dir: string, revision: number): Promise<{ type: string; object: { code?: number } }> => {
  const { transport, close } = await connectWith(join(root, dir, "kubeconfig"))
  const path = `/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=${revision}`
  const { body } = await transport({ method: "GET", path, headers: {} })
  assert.ok(isStream(body))
  const line = await new Promise<string>((resolve) => {
    body.start({
      write(chunk) {
        resolve(Buffer.from(chunk).toString())
        return 0
      },
      end: () => {},
    })
  })
  close()
  return JSON.parse(line)
}

test("a running server is backed up and put back: the state of then, and watches from later begin anew", async () => {
  const server = await serve("one")
  await write("one", "before")
  const backup = await hawser(root, "backup", "b", "--dir", "one", "-o", "json")
  assert.equal(backup.code, 0, backup.stderr)
  assert.ok((JSON.parse(backup.stdout) as { objects: number }).objects > 50)
  assert.equal(statSync(join(root, "b")).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(join(root, "one")).filter((name) => name.includes("backup")),
    [],
  )
  const later = await write("one", "after")

  const again = await hawser(root, "backup", "b", "--dir", "one")
  assert.equal(again.code, 2)
  assert.match(again.stderr, /it is there already/)
  const onto = await hawser(root, "restore", "b", "--dir", "one")
  assert.equal(onto.code, 1)
  assert.match(onto.stderr, /process \d+ runs from it\nNext: name another folder/)
  await server.stop()
  const full = await hawser(root, "restore", "b", "--dir", "one")
  assert.match(full.stderr, /it is not empty/)

  const restored = await hawser(root, "restore", "b", "--dir", "two")
  assert.equal(restored.code, 0, restored.stderr)
  const second = await serve("two")
  assert.deepEqual(await names("two"), ["before"])
  // The keys came along: the old kubeconfig is as good as before.
  assert.equal(
    readFileSync(join(root, "one/pki.json"), "utf8").length,
    readFileSync(join(root, "two/pki.json"), "utf8").length,
  )
  const { type, object } = await firstWatchEvent("two", later)
  assert.deepEqual([type, object.code], ["ERROR", 410])
  assert.ok((await write("two", "new")) > later + 1_000_000)
  // It listens where the first one did.
  await second.stop()
})

test("what is no whole backup is refused, and nothing is left of it", async () => {
  writeFileSync(join(root, "text"), "no database ".repeat(1_000))
  const damaged = readFileSync(join(root, "b"))
  damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 5_000)
  writeFileSync(join(root, "damaged"), damaged)
  for (const [file, want] of [
    ["text", /damaged/],
    ["damaged", /damaged/],
    ["absent", /no such file/],
    ["one/state.db", /it is no backup/],
  ] as const) {
    const refused = await hawser(root, "restore", file, "--dir", "three")
    assert.notEqual(refused.code, 0, file)
    assert.match(refused.stderr, want, file)
    assert.ok(!existsSync(join(root, "three")))
  }
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes("restoring")),
    [],
  )
})

test("a database that cannot be used is refused with the next command", async () => {
  const secret = Buffer.alloc(32, 1).toString("base64")
  writeFileSync(
    join(root, "encryption.yaml"),
    `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [configmaps]
  providers:
  - aesgcm: {keys: [{name: k1, secret: ${secret}}]}
  - identity: {}
`,
  )
  const encrypted = ["--dir", "one", "--encryption-provider-config", "encryption.yaml"]
  const rewritten = await hawser(root, "reencrypt", ...encrypted, "-o", "json")
  assert.equal(rewritten.code, 0, rewritten.stderr)
  assert.ok((JSON.parse(rewritten.stdout) as { values: number }).values >= 2)
  const sound = await hawser(root, "check", "--full", "--dir", "one")
  assert.equal(sound.code, 0, sound.stderr)
  const keyless = await hawser(root, "apiserver", "--dir", "one")
  assert.equal(keyless.code, 1)
  assert.match(keyless.stderr, /encrypted with aesgcm key "k1".*\nNext: .*--encryption-provider-config/)
  const server = await serve("one", "--encryption-provider-config", "encryption.yaml")
  assert.deepEqual(await names("one"), ["after", "before"])
  await server.stop()
  const database = readFileSync(join(root, "one/state.db"))
  database.fill(0xff, 8_192)
  writeFileSync(join(root, "one/state.db"), database)
  const damaged = await hawser(root, "apiserver", "--dir", "one")
  assert.equal(damaged.code, 1)
  assert.match(damaged.stderr, /it is damaged.*\nNext: hawser check .*hawser restore/)
  const checked = await hawser(root, "check", "--dir", "one")
  assert.equal(checked.code, 1)
})
