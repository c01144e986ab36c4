// Kills a server under load again and again, and holds it to what it had told its clients.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LEASES } from "#api/kubernetes/coordination.ts"
import { CONFIG_MAPS, NAMESPACES } from "#api/kubernetes/core.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { randomInt, seededRandom, type Random } from "#lib/random.ts"
import { connectWith, type Connected } from "../support/hawser.ts"
import { eventually } from "../support/eventually.ts"
import { contentOf, Ledger, type Seen, type Write } from "./ledger.ts"
import { startServer, type ServerProcess } from "./server.ts"
import { Watcher } from "./watcher.ts"

const NAMESPACE = "crash"
const WRITERS = 16
const WATCHERS = 4
const KEYS_PER_WRITER = 20
/** How long the load lasts before the kill. */
const LOAD_MS_MIN = 30
const LOAD_MS_MAX = 700
/** One kill in so many comes while the server starts. */
const KILL_AT_START_ONE_IN = 10

export type CrashReport = {
  readonly seed: number
  readonly kills: number
  readonly killsAtStart: number
  readonly acknowledged: number
  readonly resumed: number
  readonly expired: number
  readonly newest: number
  readonly problems: readonly string[]
}

/** @param say  told after every kill */
export async function crashAgainAndAgain(options: {
  readonly kills: number
  readonly seed: number
  readonly say?: (line: string) => void
}): Promise<CrashReport> {
  const dir = await mkdtemp(join(tmpdir(), "hawser-crash-"))
  const random = seededRandom(options.seed)
  const path = (group: string, resource: string) => `/${group}/namespaces/${NAMESPACE}/${resource}`
  const watchers = Array.from({ length: WATCHERS }, () => new Watcher(path("api/v1", "configmaps")))
  const leases = new Watcher(path("apis/coordination.k8s.io/v1", "leases"))
  const ledger = new Ledger()
  const problems: string[] = []
  const numbers = { next: 1 }
  let killsAtStart = 0
  let server = startServer(dir)
  try {
    await server.ready
    await createNamespace(dir)
    for (let kill = 1; kill <= options.kills && problems.length === 0; kill++) {
      await underLoad(dir, { server, watchers, leases, ledger, random, numbers, problems })
      server = startServer(dir)
      if (randomInt(random, KILL_AT_START_ONE_IN) === 0) {
        killsAtStart++
        await new Promise((resolve) => setTimeout(resolve, randomInt(random, 1_500)))
        await server.kill()
        server = startServer(dir)
      }
      await server.ready
      problems.push(...(await check(dir, ledger, watchers, leases)).map((problem) => `after kill ${kill}: ${problem}`))
      options.say?.(`kill ${kill}: ${ledger.acknowledgements} acknowledged, ${problems.length} problems`)
    }
  } finally {
    await server.kill()
    await rm(dir, { recursive: true, force: true })
  }
  const all = [...watchers, leases]
  const sum = (of: (watcher: Watcher) => number) => all.reduce((total, watcher) => total + of(watcher), 0)
  return {
    seed: options.seed,
    kills: options.kills,
    killsAtStart,
    acknowledged: ledger.acknowledgements,
    resumed: sum((watcher) => watcher.resumed),
    expired: sum((watcher) => watcher.expired),
    newest: ledger.newest,
    problems,
  }
}

const connect = (dir: string) => connectWith(join(dir, "kubeconfig"))

async function createNamespace(dir: string): Promise<void> {
  const { client, close } = await connect(dir)
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } })
  close()
}

type Load = {
  readonly server: ServerProcess
  readonly watchers: readonly Watcher[]
  readonly leases: Watcher
  readonly ledger: Ledger
  readonly random: Random
  readonly numbers: { next: number }
  readonly problems: string[]
}

/** Writes and watches until the server is killed. */
async function underLoad(dir: string, load: Load): Promise<void> {
  const connected = await connect(dir)
  await reconnect([...load.watchers, load.leases], connected)
  const lives = { on: true }
  const random = seededRandom(randomInt(load.random, 2 ** 31))
  const writers = Array.from({ length: WRITERS }, (_, i) => write(connected, i, load, random, lives))
  const loadMs = LOAD_MS_MIN + randomInt(load.random, LOAD_MS_MAX - LOAD_MS_MIN)
  await new Promise((resolve) => setTimeout(resolve, loadMs))
  await load.server.kill()
  lives.on = false
  await Promise.all(writers)
  connected.close()
  for (const watcher of [...load.watchers, load.leases]) load.ledger.tell(watcher.revision)
}

/** One writer: creates, changes and deletes its own objects; every fifth write is to a lease. */
async function write(
  { client }: Connected,
  writer: number,
  { ledger, numbers, problems }: Load,
  random: Random,
  lives: { on: boolean },
): Promise<void> {
  const known = new Set<string>()
  const metadata = (name: string) => ({ name, namespace: NAMESPACE })
  for (let turn = 0; lives.on; turn++) {
    try {
      if (turn % 5 === 4) {
        const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" } as const
        const spec = { holderIdentity: `${numbers.next++}` }
        const options = { fieldManager: "crash", force: true }
        const done = await client.apply(LEASES, { ...lease, metadata: metadata(`l${writer}`), spec }, options)
        ledger.tell(Number(done.metadata.resourceVersion))
        continue
      }
      const name = `w${writer}-${randomInt(random, KEYS_PER_WRITER)}`
      const remove = known.has(name) && randomInt(random, 4) === 0
      const content = remove ? undefined : contentOf(writer, numbers.next++)
      const planned: Write = { key: name, content }
      ledger.begin(planned)
      if (content === undefined) {
        await client.delete(CONFIG_MAPS, metadata(name))
        ledger.acknowledge(planned, 0)
        known.delete(name)
        continue
      }
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(name), data: { content } } as const
      const done = await client.apply(CONFIG_MAPS, object, { fieldManager: "crash", force: true })
      ledger.acknowledge(planned, Number(done.metadata.resourceVersion))
      known.add(name)
    } catch (error) {
      // The one write that was on its way when the server died.
      if ((error as Error).name === "ConnectionError" || !lives.on) return
      problems.push(`writer ${writer}: ${(error as Error).message}`)
      return
    }
  }
}

/** @returns what is wrong with the server that came back */
async function check(
  dir: string,
  ledger: Ledger,
  watchers: readonly Watcher[],
  leases: Watcher,
): Promise<readonly string[]> {
  const connected = await connect(dir)
  const { client, close } = connected
  const problems: string[] = []
  try {
    const list = await client.list(CONFIG_MAPS, { namespace: NAMESPACE })
    const found = new Map<string, Seen>()
    for (const { metadata, data } of list.items) {
      const name = metadata.name ?? ""
      if (!name.startsWith("w")) continue
      found.set(name, { content: data?.["content"] ?? "", revision: Number(metadata.resourceVersion) })
    }
    problems.push(...ledger.compare(found, Number(list.metadata.resourceVersion)))
    await reconnect([...watchers, leases], connected)
    const marker = { fieldManager: "crash", force: true }
    const text = { content: `${ledger.newest}` }
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "marker", namespace: NAMESPACE } } as const
    const done = await client.apply(CONFIG_MAPS, { ...object, data: text }, marker)
    const marked = Number(done.metadata.resourceVersion)
    if (marked <= ledger.newest) problems.push(`a new write got revision ${marked} after ${ledger.newest}`)
    ledger.tell(marked)
    await eventually(() => {
      for (const watcher of watchers) if (watcher.revision < marked) throw new Error("a watcher does not go on")
    })
    const now = await client.list(CONFIG_MAPS, { namespace: NAMESPACE })
    for (const watcher of watchers) problems.push(...differences(watcher, now.items), ...watcher.problems)
    const held = await client.list(LEASES, { namespace: NAMESPACE })
    problems.push(...differences(leases, held.items), ...leases.problems)
  } finally {
    close()
  }
  return problems
}

async function reconnect(watchers: readonly Watcher[], { transport }: Connected): Promise<void> {
  for (const watcher of watchers) watcher.disconnect()
  await Promise.all(watchers.map((watcher) => watcher.connect(transport)))
}

function differences(watcher: Watcher, items: readonly KubeObject[]) {
  const want = new Map(items.map(({ metadata }) => [metadata.name ?? "", metadata.resourceVersion]))
  const names = new Set([...want.keys(), ...watcher.objects.keys()])
  return [...names]
    .filter((name) => want.get(name) !== watcher.objects.get(name))
    .map((name) => `a watcher has ${name} at ${watcher.objects.get(name)}, listed is ${want.get(name)}`)
}
