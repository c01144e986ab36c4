import type { HttpResponse } from "#lib/http.ts"

/** A request to what runs behind an object: `log`, `exec`, `attach`, `portforward`, `proxy`. It is authorized, and the object is there. */
export type ConnectRequest = {
  readonly method: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
}

/** @returns undefined for what nothing runs behind. @throws StatusError */
export type Connect = (request: ConnectRequest) => HttpResponse | undefined
