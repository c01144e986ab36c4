/** Counters, gauges and histograms in Prometheus' text format (version 0.0.4). */
export interface Metrics {
  counter(name: string, help: string): Counter
  gauge(name: string, help: string): Gauge
  /** @param bounds  upper bounds of the buckets, ascending, in the unit that the name ends with */
  histogram(name: string, help: string, bounds?: readonly number[]): Histogram
  /** Runs before each `text`, to bring up to date what nobody counts as it happens. @returns ends that */
  onText(update: () => void): () => void
  /** Everything, families and series in the order in which they were first used. */
  text(): string
}

/** Of {@link Metrics.text}. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

export type Labels = Readonly<Record<string, string>>

export interface Counter {
  add(labels?: Labels, by?: number): void
}

export interface Gauge {
  set(value: number, labels?: Labels): void
  add(by: number, labels?: Labels): void
  /** Takes the series away: what it told of is no more. */
  remove(labels?: Labels): void
}

export interface Histogram {
  observe(value: number, labels?: Labels): void
}

/** Seconds from 1 ms to 10 s: reconciles and requests. */
export const SECONDS_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Series of one family beyond this are left out: labels made of names would otherwise grow without end. */
const SERIES_MAX = 10_000

type Distribution = { readonly counts: number[]; sum: number; count: number }
type Family = {
  readonly help: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly lines: (name: string) => string[]
}

/**
 * A registry of its own for each process part; nothing is global. Asking twice for one name gives the same series.
 *
 * @throws Error (from counter, gauge, histogram) for a name that another type has
 */
export function newMetrics(): Metrics {
  const families = new Map<string, Family & { readonly handle: unknown }>()
  const updates = new Set<() => void>()

  const family = <H>(
    name: string,
    help: string,
    type: Family["type"],
    make: () => H & { lines: Family["lines"] },
  ): H => {
    const known = families.get(name)
    if (known !== undefined) {
      if (known.type !== type) throw new Error(`Cannot add ${type} "${name}": it is a ${known.type} already`)
      return known.handle as H
    }
    const handle = make()
    families.set(name, { help, type, handle, lines: handle.lines })
    return handle
  }

  return {
    counter: (name, help) => family<Counter>(name, help, "counter", newCounter),
    gauge: (name, help) => family<Gauge>(name, help, "gauge", newGauge),
    histogram: (name, help, bounds = SECONDS_BOUNDS) =>
      family<Histogram>(name, help, "histogram", () => newHistogram(bounds)),
    onText(update) {
      updates.add(update)
      return () => void updates.delete(update)
    },
    text() {
      let out = ""
      for (const update of updates) update()
      for (const [name, { help, type, lines }] of families) {
        out += `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`
        for (const line of lines(name)) out += line + "\n"
      }
      return out
    },
  }
}

function newCounter() {
  const values = newSeries<number>()
  return {
    add(labels?: Labels, by = 1) {
      values.update(labels, (value = 0) => value + by)
    },
    lines: (name: string) => values.entries().map(([labels, value]) => `${name}${braces(labels)} ${value}`),
  }
}

function newGauge() {
  const values = newSeries<number>()
  return {
    set: (value: number, labels?: Labels) => values.update(labels, () => value),
    add: (by: number, labels?: Labels) => values.update(labels, (value = 0) => value + by),
    remove: (labels?: Labels) => values.remove(labels),
    lines: (name: string) => values.entries().map(([labels, value]) => `${name}${braces(labels)} ${value}`),
  }
}

function newHistogram(bounds: readonly number[]) {
  const values = newSeries<Distribution>()
  return {
    observe(value: number, labels?: Labels) {
      values.update(labels, (known) => {
        const held = known ?? { counts: bounds.map(() => 0), sum: 0, count: 0 }
        const bucket = bounds.findIndex((bound) => value <= bound)
        if (bucket >= 0) held.counts[bucket]!++
        held.sum += value
        held.count++
        return held
      })
    },
    lines(name: string) {
      const out: string[] = []
      for (const [labels, { counts, sum, count }] of values.entries()) {
        let below = 0
        bounds.forEach((bound, i) => {
          below += counts[i]!
          out.push(`${name}_bucket${braces(joined(labels, `le="${bound}"`))} ${below}`)
        })
        out.push(`${name}_bucket${braces(joined(labels, `le="+Inf"`))} ${count}`)
        out.push(`${name}_sum${braces(labels)} ${sum}`, `${name}_count${braces(labels)} ${count}`)
      }
      return out
    },
  }
}

function newSeries<V>() {
  const series = new Map<string, V>()
  return {
    update(labels: Labels | undefined, change: (value: V | undefined) => V) {
      const key = labels === undefined ? "" : labelText(labels)
      const value = series.get(key)
      if (value === undefined && series.size >= SERIES_MAX) return
      series.set(key, change(value))
    },
    remove: (labels: Labels | undefined) => void series.delete(labels === undefined ? "" : labelText(labels)),
    entries: () => [...series],
  }
}

/** Called for each request: most values have nothing to escape. */
function labelText(labels: Labels): string {
  let text = ""
  for (const name in labels) text += `${text === "" ? "" : ","}${name}="${escaped(labels[name]!)}"`
  return text
}

const SPECIAL = /["\\\n]/
const escaped = (value: string) =>
  SPECIAL.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value

const braces = (labels: string) => (labels === "" ? "" : `{${labels}}`)
const joined = (labels: string, more: string) => (labels === "" ? more : `${labels},${more}`)
