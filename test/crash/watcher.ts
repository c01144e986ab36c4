// A client that keeps a copy of a collection by watching it, as informers do, across the lives of a server.
import { isStream, readBody, type Transport } from "#lib/http.ts"

type Event = {
  readonly type: string
  readonly object: {
    readonly code?: number
    readonly metadata: { readonly name: string; readonly resourceVersion: string }
  }
}

export class Watcher {
  readonly #path: string
  /** Name to resourceVersion. */
  readonly objects = new Map<string, string>()
  readonly problems: string[] = []
  /** Of the newest event or bookmark. */
  revision = 0
  resumed = 0
  expired = 0
  #stop: (() => void) | undefined
  #rest = ""

  constructor(path: string) {
    this.#path = path
  }

  /** Goes on from where it was, or lists when that is gone. */
  async connect(transport: Transport): Promise<void> {
    if (this.revision > 0 && (await this.#watch(transport))) {
      this.resumed++
      return
    }
    if (this.revision > 0) this.expired++
    const { status, body } = await transport({ method: "GET", path: this.#path, headers: {} })
    const list = JSON.parse(Buffer.from(await readBody(body)).toString()) as {
      metadata: { resourceVersion: string }
      items: Event["object"][]
    }
    if (status !== 200) throw new Error(`list: ${status}`)
    const revision = Number(list.metadata.resourceVersion)
    if (revision < this.revision) this.problems.push(`list at ${revision} after ${this.revision} was seen`)
    this.objects.clear()
    for (const { metadata } of list.items) this.objects.set(metadata.name, metadata.resourceVersion)
    this.revision = revision
    if (!(await this.#watch(transport))) this.problems.push(`watch from a fresh list at ${revision} is too old`)
  }

  disconnect(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  /** @returns false when the server no longer keeps that revision */
  async #watch(transport: Transport): Promise<boolean> {
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${this.revision}`
    const { status, body } = await transport({ method: "GET", path: `${this.#path}?${query}`, headers: {} })
    if (status !== 200 || !isStream(body)) throw new Error(`watch: ${status}`)
    this.#rest = ""
    return new Promise((resolve) => {
      // An expired revision is told at once; what is quiet for a moment goes on.
      const timer = setTimeout(() => resolve(true), 150)
      const settle = (goesOn: boolean) => {
        clearTimeout(timer)
        resolve(goesOn)
      }
      this.#stop = body.start({
        write: (chunk) => {
          const lines = (this.#rest + Buffer.from(chunk).toString()).split("\n")
          this.#rest = lines.pop()!
          for (const line of lines) {
            const event = JSON.parse(line) as Event
            if (event.type === "ERROR") settle(this.#refused(event))
            else this.#take(event)
          }
          return 0
        },
        end: () => settle(true),
      })
    })
  }

  #refused({ object }: Event): boolean {
    if (object.code !== 410) this.problems.push(`watch ended with ${JSON.stringify(object)}`)
    return false
  }

  #take({ type, object }: Event): void {
    const { name, resourceVersion } = object.metadata
    const revision = Number(resourceVersion)
    if (revision < this.revision || (revision === this.revision && type !== "BOOKMARK"))
      this.problems.push(`${type} ${name} at ${revision} after ${this.revision}`)
    this.revision = revision
    if (type === "BOOKMARK") return
    const known = this.objects.has(name)
    if ((type === "ADDED") === known) this.problems.push(`${type} ${name} at ${revision}: known before: ${known}`)
    if (type === "DELETED") this.objects.delete(name)
    else this.objects.set(name, resourceVersion)
  }
}
