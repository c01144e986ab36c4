import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The document in protobuf, made by Kubernetes' own encoder. */
export function encodeSwagger(swagger: object): Uint8Array {
  const folder = fileURLToPath(new URL("swagger/", import.meta.url))
  return execFileSync("go", ["run", "."], {
    cwd: folder,
    input: JSON.stringify(swagger),
    maxBuffer: 64 * 1024 * 1024,
  })
}
