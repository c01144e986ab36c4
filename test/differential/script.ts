// Requests as data: what is sent to two servers to see whether they answer alike.

/** Whose request it is: the administrator's client certificate unless it says otherwise. */
export type Sender =
  | "admin"
  | "anonymous"
  | { readonly user: string; readonly groups?: readonly string[] }
  | { readonly token: string }

export type Step = {
  readonly method: string
  /** With query. `{{name}}` stands for what an earlier step captured; so it does in headers and bodies. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, a string as it is, `base64:…` as the bytes that it stands for. */
  readonly body?: unknown
  readonly as?: Sender
  /** Name to path in the answer's body: `metadata.uid`, `items.0.metadata.name`. */
  readonly capture?: Readonly<Record<string, string>>
  /** Is sent again until the answer has this value at this path, or this status at `status`: what a controller does takes time. */
  readonly until?: { readonly path: string; readonly is: unknown }
  /** Only these paths of the body are compared. */
  readonly pick?: readonly string[]
  /** The answer is not compared. */
  readonly quiet?: boolean
  /** Leaves the answer's stream open under this name. */
  readonly watch?: string
  /** Reads from an open stream instead of sending: so many events, or all until the server ends it. */
  readonly events?: { readonly of: string; readonly count: number | "end" }
}

export type Script = {
  /** Name of the recording, and of the namespace that the script has for itself. */
  readonly name: string
  readonly steps: readonly Step[]
  /** Is about what the whole server has: runs before the others, and alone. */
  readonly alone?: boolean
}

type Options = Omit<Step, "method" | "path" | "body">

const JSON_BODY = { "content-type": "application/json" }

const withBody =
  (method: string) =>
  (path: string, body: unknown, options: Options = {}): Step => ({
    method,
    path,
    body,
    ...options,
    headers: { ...JSON_BODY, ...options.headers },
  })

export const get = (path: string, options: Options = {}): Step => ({ method: "GET", path, ...options })
export const post = withBody("POST")
export const put = withBody("PUT")
export const del = (path: string, body?: unknown, options: Options = {}): Step =>
  body === undefined ? { method: "DELETE", path, ...options } : withBody("DELETE")(path, body, options)

const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const

export const patch = (type: keyof typeof PATCH_TYPES, path: string, body: unknown, options: Options = {}): Step => ({
  method: "PATCH",
  path,
  body,
  ...options,
  headers: { "content-type": PATCH_TYPES[type], ...options.headers },
})

/** Server-side apply. @param query  beginning with `&`: `&force=true` */
export const apply = (path: string, manager: string, body: unknown, query = "", options: Options = {}): Step =>
  patch("apply", `${path}?fieldManager=${manager}${query}`, body, options)

/** Opens a watch. @param query  without the leading `&` */
export const watch = (name: string, path: string, query = "", options: Options = {}): Step =>
  get(`${path}?watch=1${query === "" ? "" : `&${query}`}`, { ...options, watch: name })

export const events = (of: string, count: number | "end"): Step => ({
  method: "EVENTS",
  path: of,
  events: { of, count },
})

export const accept = (type: string): Options => ({ headers: { accept: type } })
export const as = (user: string, ...groups: string[]): Options => ({ as: { user, groups } })

export const configMap = (
  name: string,
  data: Readonly<Record<string, string>> = { a: "1" },
  metadata: object = {},
) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
})
