import type { HttpRequest, HttpResponse } from "#lib/http.ts"
import type { UserInfo } from "#apiserver/authentication/user.ts"

/** A request as it reaches the server, with what the transport knows of its sender. */
export type ServerRequest = HttpRequest & {
  readonly peer: Peer
  /** The values of a header that is there, where the listener joined those of several with ", ". */
  readonly valuesOf?: (name: string) => readonly string[]
}

export type Peer = {
  /** `127.0.0.1`, or the name of a simulated host. */
  readonly address: string
  /** DER of the client certificate whose key the sender has proved to hold. Not yet checked against any CA. */
  readonly certificate?: Uint8Array
  /** Set by callers in this process only: no authentication is done. */
  readonly user?: UserInfo
}

/** A whole API server seen from outside. Never throws: failures are answers. */
export type Handler = (request: ServerRequest) => Promise<HttpResponse>

/** What the path and verb mean. Source: k8s.io/apiserver request.RequestInfo. */
export type RequestInfo = {
  readonly isResource: boolean
  /** get list watch create update patch delete deletecollection; for other paths the lower-case method. */
  readonly verb: string
  readonly path: string
  readonly query: URLSearchParams
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Path segments after the subresource (`proxy/a/b`). */
  readonly parts: readonly string[]
}

/** Allows or refuses. Pure apart from reading roles. */
export interface Authorizer {
  authorize(user: UserInfo, attributes: AuthorizationAttributes): Decision
}

export type AuthorizationAttributes =
  | {
      readonly resourceRequest: true
      readonly verb: string
      readonly group: string
      readonly version: string
      readonly resource: string
      readonly subresource: string
      readonly namespace: string
      readonly name: string
    }
  | { readonly resourceRequest: false; readonly verb: string; readonly path: string }

export type Decision = { readonly allowed: boolean; readonly reason: string }

/** @returns the user, undefined when the request carries no credential. @throws StatusError Unauthorized for a bad one */
export interface Authenticator {
  authenticate(request: ServerRequest): UserInfo | undefined
  /** Fetches what judging the credential takes. @returns undefined when there is nothing to wait for */
  ready?(request: ServerRequest): Promise<void> | undefined
}
