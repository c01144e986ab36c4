// What clients were told, and whether a server that came back keeps to it.

/** A write as its client knows it; `revision` only once it was acknowledged. */
export type Write = { readonly key: string; readonly content: string | undefined; readonly revision?: number }

/** An object as a client reads it. */
export type Seen = { readonly content: string; readonly revision: number }

/** Whole contents are made of their number three times over, so that a part of one does not pass for it. */
export const contentOf = (writer: number, number: number): string => {
  const mark = `${writer}-${number}.`
  return mark + "x".repeat(300 + (number % 7) * 200) + mark + "y".repeat(200) + mark
}

export const isWhole = (content: string): boolean => {
  const [writer = "", number = ""] = content.slice(0, content.indexOf(".")).split("-")
  return content === contentOf(Number(writer), Number(number))
}

/** Acknowledged states by key, and for each writer the write of which nothing is known. */
export class Ledger {
  readonly #acknowledged = new Map<string, Write>()
  readonly #open = new Map<string, Write>()
  acknowledgements = 0
  /** Of anything that a client was told. */
  newest = 0

  /** A write is on its way. One at a time for each key. */
  begin(write: Write): void {
    this.#open.set(write.key, write)
  }

  acknowledge(write: Write, revision: number): void {
    this.#open.delete(write.key)
    this.#acknowledged.set(write.key, { ...write, revision })
    this.acknowledgements++
    this.tell(revision)
  }

  /** A write that was refused, or whose outcome is known to be nothing. */
  abandon(write: Write): void {
    this.#open.delete(write.key)
  }

  tell(revision: number): void {
    this.newest = Math.max(this.newest, revision)
  }

  /** What keys hold after a crash; from then on the ledger goes by it. @returns what is wrong */
  compare(found: ReadonlyMap<string, Seen>, listRevision: number): string[] {
    const problems: string[] = []
    if (listRevision < this.newest)
      problems.push(`resourceVersion went back: ${listRevision} after ${this.newest} had been given out`)
    for (const [key, { content }] of found) if (!isWhole(content)) problems.push(`${key} is half there`)
    for (const key of new Set([...this.#acknowledged.keys(), ...this.#open.keys(), ...found.keys()])) {
      const problem = this.#compareKey(key, found.get(key))
      if (problem !== undefined) problems.push(problem)
      const now = found.get(key)
      if (now === undefined) this.#acknowledged.delete(key)
      else this.#acknowledged.set(key, { key, ...now })
    }
    this.#open.clear()
    this.tell(listRevision)
    return problems
  }

  #compareKey(key: string, now: Seen | undefined): string | undefined {
    const last = this.#acknowledged.get(key)
    const open = this.#open.get(key)
    if (now === undefined ? last?.content === undefined : last !== undefined && last.revision === now.revision) {
      return now === undefined || last?.content === now.content
        ? undefined
        : `${key} has another content at its revision`
    }
    // The write on its way may have been carried out: then it is newer than what was acknowledged.
    const carriedOut = open !== undefined && open.content === now?.content
    if (carriedOut && (now === undefined || now.revision > (last?.revision ?? 0))) return undefined
    return `${key} is ${describe(now)}, acknowledged was ${describe(last)}`
  }
}

const describe = (state: { content?: string | undefined; revision?: number } | undefined) =>
  state?.content === undefined ? "absent" : `${state.content.slice(0, 20)} at ${state.revision}`
