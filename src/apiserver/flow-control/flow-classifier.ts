import type { UnknownObject } from "#apimachinery/meta.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import { inOrder, matchesFlow, specOf, type FlowRequest } from "./flow-schema.plan.ts"

const GROUP = "flowcontrol.apiserver.k8s.io"
const FLOW_SCHEMAS = { group: GROUP, resource: "flowschemas" }
const PRIORITY_LEVELS = { group: GROUP, resource: "prioritylevelconfigurations" }

/** The uids of the FlowSchema and of the priority level that a request belongs to. */
export type Flow = { readonly schema: string; readonly level: string }

/** @returns finds the flow of a request; undefined on a server without FlowSchemas */
export function newFlowClassifier(reader: ObjectReader): (request: FlowRequest) => Flow | undefined {
  let [schemasVersion, levelsVersion] = [-1, -1]
  let schemas: readonly { readonly object: UnknownObject; readonly flow: Flow }[] = []
  return (request) => {
    const [schemasNow, levelsNow] = [reader.version(FLOW_SCHEMAS), reader.version(PRIORITY_LEVELS)]
    if (schemasNow !== schemasVersion || levelsNow !== levelsVersion) {
      ;[schemasVersion, levelsVersion] = [schemasNow, levelsNow]
      const levels = new Map(reader.list(PRIORITY_LEVELS).map(({ metadata }) => [metadata.name, metadata.uid ?? ""]))
      schemas = inOrder(reader.list(FLOW_SCHEMAS)).map((object) => ({
        object,
        flow: {
          schema: object.metadata.uid ?? "",
          level: levels.get(specOf(object).priorityLevelConfiguration?.name) ?? "",
        },
      }))
    }
    return schemas.find(({ object }) => matchesFlow(object, request))?.flow
  }
}
