// What kube-apiserver answered, kept as one file for each script with one line for each answer.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Answer } from "./normal.ts"

const FOLDER = join(import.meta.dirname, "recorded")
const fileOf = (name: string) => join(FOLDER, `${name}.json`)

/** @returns nothing for a script that was never recorded */
export function readRecording(name: string): readonly Answer[] {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), "utf8")) as Answer[]) : []
}

export function writeRecording(name: string, answers: readonly Answer[]): void {
  writeFileSync(fileOf(name), `[\n${answers.map((answer) => JSON.stringify(answer)).join(",\n")}\n]\n`)
}
