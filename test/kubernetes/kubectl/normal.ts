/** What two servers never print alike, by pattern; and runs of blanks, as columns are as wide as their widest cell. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // As `describe networkpolicy` has it.
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC/g, "TIME"],
  [/https:\/\/127\.0\.0\.1:\d+/g, "SERVER"],
  [/127\.0\.0\.1:\d+/g, "SERVER"],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "TIME"],
  [/(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, "TIME"],
  [/(resourceVersion"?: *)"?\d+"?/gi, "$1RV"],
  [/(Resource Version: +)\d+/g, "$1RV"],
  [/(?<=[\s(]|^)(?:\d+(?:\.\d+)?(?:ms|[smhd])){1,2}(?=[\s)]|$)/gm, "AGE"],
  [/<unknown>/g, "AGE"],
  [/\b10(?:\.\d+){3}\b/g, "CLUSTER-IP"],
  [/kube-api-access-\w{5}/g, "kube-api-access-RANDOM"],
  [/kubectl\S*-edit-\d+/g, "kubectl-edit-RANDOM"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000/g, "TIME"],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "TOKEN"],
  [/\/tmp\/\S*?(LIVE|MERGED)-\d+/g, "$1"],
  [/\+hawser/g, ""],
  [/^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, "LOG "],
  [/nodePort: \d+/g, "nodePort: PORT"],
  [/:3\d{4}\/TCP/g, ":PORT/TCP"],
]

export function normal(text: string): string {
  let out = text
  for (const [pattern, by] of PATTERNS) out = out.replace(pattern, by)
  return out
    .split("\n")
    .map((line) =>
      line
        .replace(/(\S) {2,}/g, "$1  ")
        .replace(/-{3,}/g, "---")
        .trimEnd(),
    )
    .join("\n")
    .replace(REPAIRED, "Events:  <none>\n")
    .trim()
}

/** What kube-apiserver says of a Service that it looks at before it has heard of its address: sometimes. */
const REPAIRED = /Events:\n +Type .*\n +---.*\n( +Warning +ClusterIPNotAllocated .*\n?)+/g
