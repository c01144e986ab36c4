import type { LeftOut } from "./left-out.ts"

export type Result = {
  readonly name: string
  readonly seconds: number
  readonly passed: boolean
  /** Of a failure: its first lines. */
  readonly message: string
}

const TESTCASE = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g
const MESSAGE_LENGTH_MAX = 600

/** @returns the tests that were run, from a report in JUnit's form as ginkgo writes it */
export function parseJunit(xml: string): Result[] {
  return [...xml.matchAll(TESTCASE)]
    .map(([, attributes = "", body = ""]) => ({
      name: attribute(attributes, "name").replace(/^\[It\] | \[sig-[\w-]+, [^\]]*\]$/g, ""),
      status: attribute(attributes, "status"),
      seconds: Number(attribute(attributes, "time")),
      message: attribute(/<(?:failure|error) ([^>]*)>/.exec(body)?.[1] ?? "", "message").slice(0, MESSAGE_LENGTH_MAX),
    }))
    .filter(({ name, status }) => status !== "skipped" && name.startsWith("[sig-"))
    .map(({ name, status, seconds, message }) => ({ name, seconds, message, passed: status === "passed" }))
}

function attribute(text: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1] ?? ""
  const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", "#34": '"', "#39": "'" }
  return value.replace(/&(#?\w+);/g, (whole, entity: string) => entities[entity] ?? (entity === "#xA" ? "\n" : whole))
}

/** @returns the report in Markdown */
export function reportText(run: {
  readonly results: readonly Result[]
  readonly seconds: number
  readonly leftOut: readonly LeftOut[]
  readonly version: string
}): string {
  const { results, seconds, leftOut, version } = run
  const failed = results.filter((result) => !result.passed)
  const rows = results
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, passed, seconds: took }) => `| ${name} | ${passed ? "passed" : "**failed**"} | ${took.toFixed(1)} |`)
  return [
    "# Kubernetes' own conformance tests",
    "",
    `\`npm run test:conformance\` ran the tests of Kubernetes ${version} against the embedded API server with its controllers`,
    `and simulated nodes: **${results.length - failed.length} passed, ${failed.length} failed** in ${Math.round(seconds)} s.`,
    "",
    "## Left out",
    "",
    ...leftOut.map(({ pattern, why }) => `- \`${pattern.source}\`: ${why}`),
    "",
    ...(failed.length === 0
      ? []
      : ["## Failed", "", ...failed.map(({ name, message }) => `- ${name}: ${message.split("\n")[0]}`), ""]),
    "## All",
    "",
    "| test | result | s |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n")
}
