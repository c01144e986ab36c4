// Where answers to random writes may differ, and why.
import type { Difference } from "../difference.ts"

type Accepted = {
  readonly where: RegExp
  readonly reason: string
}

const ACCEPTED: readonly Accepted[] = [
  {
    where: / \/apis\/random\.example\.com\/.* at body\.metadata\.resourceVersion$/,
    reason: "Empty labels that are applied are stored upstream, and make the next write that changes nothing a change.",
  },
  {
    where: /\/deployments.* at headers\.warning$/,
    reason: "Advice about pods that are valid, as on two ports of one name, is not given.",
  },
  {
    where: /\/configmaps.* at body\.details\.causes$/,
    reason: "An empty map that is applied is upstream a change of an immutable object, too.",
  },
  {
    where: /\/services\/.* at .*internalTrafficPolicy$/,
    reason: "A default that upstream fills in anew whenever it reads a service that has had another type.",
  },
]

export const acceptedAtRandom = ({ where }: Difference): boolean => ACCEPTED.some((a) => a.where.test(where))
