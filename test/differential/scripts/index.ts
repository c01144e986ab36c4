import type { Script } from "../script.ts"
import { impersonation, rbac, reviews, tokens } from "./access.ts"
import { badInput } from "./bad-input.ts"
import { custom, definitions } from "./custom.ts"
import { discovery, health } from "./discovery.ts"
import { certificates, eventObjects } from "./events-and-certificates.ts"
import { namespaces, services, workloads } from "./kinds.ts"
import { lists, selectors, watches } from "./lists.ts"
import { negotiation } from "./negotiation.ts"
import { applies, patches, strategic } from "./patches.ts"
import { expressions } from "./expressions.ts"
import { policies } from "./policies.ts"
import { rules } from "./rules.ts"
import { upstreamFailures } from "./upstream-failures.ts"
import { creates, deletes, updates } from "./writes.ts"

export const SCRIPTS: readonly Script[] = [
  discovery,
  health,
  negotiation,
  lists,
  selectors,
  watches,
  creates,
  updates,
  deletes,
  patches,
  strategic,
  applies,
  namespaces,
  workloads,
  services,
  eventObjects,
  certificates,
  rbac,
  impersonation,
  reviews,
  tokens,
  custom,
  definitions,
  rules,
  expressions,
  policies,
  badInput,
  upstreamFailures,
]
