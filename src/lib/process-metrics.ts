import { readdirSync, readFileSync } from "node:fs"
import type { Metrics } from "./metrics.ts"

const PAGE_BYTES = 4096

/** Adds what Prometheus' clients tell of their process in every language. What the system does not tell is left out. */
export function addProcessMetrics(metrics: Metrics): void {
  const startedSeconds = Date.now() / 1000 - process.uptime()
  const figures: readonly [name: string, help: string, read: () => number][] = [
    ["process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss()],
    ["process_start_time_seconds", "Start time of the process since unix epoch in seconds.", () => startedSeconds],
    ["process_virtual_memory_bytes", "Virtual memory size in bytes.", readVirtualBytes],
    ["process_open_fds", "Number of open file descriptors.", () => readdirSync("/proc/self/fd").length],
    [
      "nodejs_heap_size_used_bytes",
      "Process heap size used from Node.js in bytes.",
      () => process.memoryUsage().heapUsed,
    ],
  ]
  const cpu = metrics.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
  let cpuSeconds = 0
  metrics.onText(() => {
    const { user, system } = process.cpuUsage()
    const now = (user + system) / 1e6
    cpu.add(undefined, now - cpuSeconds)
    cpuSeconds = now
    for (const [name, help, read] of figures) {
      const value = orUndefined(read)
      if (value !== undefined) metrics.gauge(name, help).set(value)
    }
  })
}

const readVirtualBytes = () => Number(readFileSync("/proc/self/statm", "utf8").split(" ")[0]) * PAGE_BYTES

function orUndefined(read: () => number): number | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
