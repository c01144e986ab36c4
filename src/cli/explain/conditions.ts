import { findCondition, type Condition } from "#apimachinery/conditions.ts"
import { parseTimeMs } from "#lib/clock.ts"
import type { Finding } from "./explanation.ts"

/** What one condition says, as a finding about its object. */
export function told(object: string, conditions: readonly Condition[] | undefined, type: string): Finding {
  const found = findCondition(conditions, type)
  if (found === undefined) return { object, says: `says nothing of ${type}` }
  const sinceMs = parseTimeMs(found.lastTransitionTime)
  return {
    object,
    says: `${type}=${found.status} (${found.reason})`,
    message: found.message,
    ...(sinceMs === undefined ? {} : { sinceMs }),
  }
}
