import { request as requestHttps } from "node:https"
import { parseKubeconfig } from "#kube/kubeconfig.ts"
import type { Json } from "./review-server.ts"

/** An API server that scenes are played on, as its administrator. */
export interface ServerUnderTest {
  send(method: string, path: string, body?: Json, headers?: Record<string, string>): Promise<Answer>
  /** Whether a configuration acts as soon as it is written; else scenes wait for it. */
  readonly actsAtOnce: boolean
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Json
  readonly warnings: readonly string[]
}

export async function serverAt(kubeconfig: string, actsAtOnce: boolean): Promise<ServerUnderTest> {
  const { server, ca, cert, key } = await parseKubeconfig(kubeconfig)
  return {
    actsAtOnce,
    send: (method, path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json"
        const outgoing = requestHttps(
          `${server}${path}`,
          { method, ca, cert, key, headers: { accept: "application/json", "content-type": type, ...headers } },
          (incoming) => {
            const chunks: Buffer[] = []
            incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
            incoming.on("end", () => {
              const text = Buffer.concat(chunks).toString()
              const isJson = incoming.headers["content-type"]?.includes("json") === true
              resolve({
                status: incoming.statusCode ?? 0,
                headers: incoming.headers,
                body: isJson && !path.includes("watch=") ? JSON.parse(text) : text,
                warnings: String(incoming.headers["warning"] ?? "")
                  .split(/, (?=299 )/)
                  .filter((warning) => warning !== ""),
              })
            })
          },
        )
        outgoing.on("error", reject)
        const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)
        if (text !== "") outgoing.setHeader("content-length", Buffer.byteLength(text))
        outgoing.end(text)
      }),
  }
}
