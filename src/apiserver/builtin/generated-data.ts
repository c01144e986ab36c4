import { readFileSync } from "node:fs"
import { brotliDecompressSync } from "node:zlib"

let directory = new URL("./generated/", import.meta.url)

/** Where the generated files lie when they are not beside this module: a bundle calls this first. */
export function setGeneratedDirectory(url: URL): void {
  directory = url
}

/**
 * One generated file, read and unpacked now. Callers keep what they need of it.
 * @param name  `resources.json`, `schemas/io.k8s.api.core.v1.json`
 * @throws Error when there is no such file
 */
export function readGenerated<T>(name: string): T {
  return JSON.parse(readGeneratedBytes(name).toString()) as T
}

/** The unpacked bytes of one generated file. @throws Error when there is no such file */
export function readGeneratedBytes(name: string): Buffer {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(new URL(`${name}.br`, directory))
  } catch (error) {
    throw new Error(`Cannot read generated data ${name}: want it in ${directory.href} (setGeneratedDirectory)`, {
      cause: error,
    })
  }
  return brotliDecompressSync(bytes)
}

/** Reads on the first call and keeps the value: it describes Kubernetes and never changes, so all servers of a process share it. */
export function once<T>(read: () => T): () => T {
  let value: T | undefined
  return () => (value ??= read())
}
