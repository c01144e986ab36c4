import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { brotliCompressSync, constants } from "node:zlib"

export type Output = {
  /** @param value  bytes, or what is written as JSON */
  writeCompressed(name: string, value: unknown): void
  writeHeader(header: object): void
  summary(): string
}

const NOTICE = `The files in this folder are generated from Kubernetes (https://github.com/kubernetes/kubernetes),
Copyright The Kubernetes Authors, licensed under the Apache License, Version 2.0. header.json names the modules and
versions; tools/generate-builtin/run.ts makes the files again. Descriptions, schemas, paths, roles and field numbers are
theirs; the arrangement into files is ours.
`

/** Empties the folder and fills it anew, so that nothing of an older version stays behind. */
export function openOutput(directory: URL): Output {
  mkdirSync(directory, { recursive: true })
  for (const entry of readdirSync(directory)) rmSync(new URL(entry, directory), { recursive: true })
  writeFileSync(new URL("NOTICE", directory), NOTICE)
  let bytes = 0
  let files = 0
  return {
    writeCompressed(name, value) {
      const text = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
      const compressed = brotliCompressSync(text, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_LGWIN]: 24,
          [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
        },
      })
      const target = new URL(`${name}.br`, directory)
      mkdirSync(dirname(target.pathname), { recursive: true })
      writeFileSync(target, compressed)
      bytes += compressed.length
      files++
    },
    writeHeader(header) {
      writeFileSync(new URL("header.json", directory), JSON.stringify(header, undefined, 1) + "\n")
    },
    summary: () => `${files} files, ${bytes} bytes`,
  }
}
