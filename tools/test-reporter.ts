// A reporter for node:test: a line of progress a minute, every failure in full, and a last line that CI reads.
import type { TestEvent } from "node:test/reporters"
import { relative } from "node:path"

const minute = 60_000_000_000n

/** Prints failures as they come and `N passed, N failed` (with skips and their reasons) at the end. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const started = process.hrtime.bigint()
  let told = started
  for await (const event of source) {
    if (event.type === "test:stderr" || event.type === "test:stdout") {
      yield event.data.message
      continue
    }
    if (event.type !== "test:pass" && event.type !== "test:fail") continue
    const { name, file, details } = event.data
    if (details.type === "suite") continue
    const where = file === undefined ? "" : ` (${relative(process.cwd(), file)})`
    const now = process.hrtime.bigint()
    if (now - told >= minute) {
      told = now
      yield `${Number((now - started) / 1_000_000_000n)} s: ${passed} passed, ${failed} failed; last: ${name}${where}\n`
    }
    if (event.data.skip !== undefined) {
      const reason = typeof event.data.skip === "string" ? event.data.skip : "no reason given"
      skips.push(`  - ${name}${where}: ${reason}`)
    } else if (event.type === "test:pass") passed++
    else {
      failed++
      const error = event.data.details.error
      const cause = (error.cause ?? error) as Error
      yield `\n✖ ${name}${where}\n${cause?.stack ?? String(cause)}\n`
    }
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  if (skips.length > 0) yield `\nSkipped, with the reason:\n${skips.join("\n")}\n`
  yield `\n${seconds.toFixed(1)} s\n${passed} passed, ${failed} failed\n`
}
