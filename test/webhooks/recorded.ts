import { readFileSync, writeFileSync } from "node:fs"
import { ADMISSION_SCENES } from "./admission.scenes.ts"
import { CONFIGURATION_SCENES } from "./configuration.scenes.ts"
import { CONVERSION_SCENES } from "./conversion.scenes.ts"
import type { Json } from "./review-server.ts"
import type { Scene } from "./scene.ts"

export const SCENES: readonly Scene[] = [...ADMISSION_SCENES, ...CONVERSION_SCENES, ...CONFIGURATION_SCENES]

/** What scenes saw on kube-apiserver; `test/kubernetes/webhooks.test.ts` writes it anew with HAWSER_TEST_RECORD=1. */
const RECORDED = new URL("recorded.json", import.meta.url)

export const recorded = (): Record<string, Json> => JSON.parse(readFileSync(RECORDED, "utf8"))

/** One line a scene. */
export function writeRecorded(scenes: Record<string, Json>): void {
  const lines = Object.entries(scenes).map(([name, scene]) => `${JSON.stringify(name)}: ${JSON.stringify(scene)}`)
  writeFileSync(RECORDED, `{\n${lines.join(",\n")}\n}\n`)
}
