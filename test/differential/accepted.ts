// Where the embedded server differs from kube-apiserver, and why.
import type { Difference } from "./difference.ts"

type Accepted = {
  /** Matches a difference's `where`. */
  readonly where: RegExp
  readonly reason: string
}

export const ACCEPTED: readonly Accepted[] = [
  {
    where: /^discovery #\d+: GET \/openapi\/v3\/api\/v1\?hash=0 at headers\.location$/,
    reason: "Relative, so that it holds behind the prefix under which a simulated member is served too.",
  },
  {
    where: /^health #\d+: GET \/debug\/pprof at status$/,
    reason: "Profiles of a Go program: there is none.",
  },
  {
    where: /^negotiation #\d+: GET \/apis\/apps\/v1\/namespaces\/\{\{ns\}\}\/deployments\/d\/scale at /,
    reason: "A Scale as a Table: no client is known that asks for one. It is answered as it is.",
  },
  {
    where:
      /^negotiation #\d+: GET \/apis\/rbac\.authorization\.k8s\.io\/v1\/namespaces\/\{\{ns\}\}\/roles at body\.rows$/,
    reason: "An empty table has no rows; upstream writes null for the few kinds that have no printer of their own.",
  },
  {
    where: /^creates #(28|29): /,
    reason: "A key that is twice in YAML is refused: upstream takes the last one, or names it in a strict error.",
  },
  {
    where: /^applies #(30|31|34): .* at body\.message$/,
    reason: "What is wrong with YAML is said in the words of another parser.",
  },
  {
    where: /^bad-input #30: .* at body\.message$/,
    reason: "What is wrong with YAML is said in the words of another parser.",
  },
  {
    where: /^bad-input #33: .* at body\.message$/,
    reason: "A protobuf body that is only its four first bytes: refused alike, in other words.",
  },
  {
    where: /^(updates #27|deletes #38): .* at body\.metadata\.managedFields$/,
    reason: "An empty list of rules is not told from none, so that nobody owns it.",
  },
  {
    where: /^workloads #\d+: POST .*\/daemonsets at body\.metadata\.managedFields\.0\.fieldsV1\.f:metadata$/,
    reason:
      "The annotation that the server itself adds to a DaemonSet belongs to nobody; upstream gives it to the creator.",
  },
  {
    where: /^services #3: PATCH .* at (body\.message|body\.details\.causes\.0\.(field|message))$/,
    reason:
      "A changed clusterIP is refused alike; upstream first sets clusterIPs to it and then finds that those may not change.",
  },
  {
    where: /^event-objects #9: .* at (body\.message|body\.details\.group)$/,
    reason: "Upstream leaves the group of events.k8s.io out of this refusal.",
  },
  {
    where: /^reviews #8: POST .*\/subjectaccessreviews at status$/,
    reason: "A review with a name is answered: upstream refuses metadata, which nothing depends on.",
  },
  {
    where: /^tokens #\d+: POST .*\/token at body\.metadata\.managedFields$/,
    reason: "Nobody owns fields of a TokenRequest: it is not stored.",
  },
  {
    where: /^definitions #5: /,
    reason:
      "Upstream also tells that the stored versions lack the storage version, which follows from the first error.",
  },
  {
    where: /^definitions #17: .* at (body\.message|body\.details\.causes\.0\.message)$/,
    reason: "A selectable field that the schema does not have is refused alike, in other words.",
  },
  {
    where: /^definitions #(21|22|37|39): /,
    reason:
      "A definition is accepted in the write that creates it; upstream needs two more, by a controller that then owns the status.",
  },
  {
    where: /^definitions #(23|24|25|26|27|28): .* at body\.(items\.0\.)?metadata\.resourceVersion$/,
    reason: "Counts those two writes.",
  },
  {
    where: /^definitions #(29|30|31|32): /,
    reason:
      "An object with fields of two versions: upstream loses its managed fields, and answers 500 to the next apply.",
  },
  {
    where: /^definitions #40: /,
    reason: "A kind whose definition was not accepted: upstream says that nobody serves the path.",
  },
  {
    where: /^bad-input #(29|49|74): .* at body\.(items\.1\.)?data\.a$/,
    reason: "Half of a surrogate pair is kept as it was sent; Go puts U+FFFD in its place.",
  },
  {
    where: /^bad-input #59: GET \/api\/v1\/namespaces\/\/configmaps at status$/,
    reason:
      "A path with nothing between two slashes is no path; upstream takes it for all namespaces here, and for nothing elsewhere.",
  },
]

export const acceptedBy = ({ where }: Difference): Accepted | undefined => ACCEPTED.find((a) => a.where.test(where))
