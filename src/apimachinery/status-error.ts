/** Reasons that a caller may branch on, with the HTTP code of each. Source: metav1.StatusReason. */
export const HTTP_CODE_OF = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
  InsufficientStorage: 507,
} as const

export type StatusReason = keyof typeof HTTP_CODE_OF

export type StatusCause = { reason?: string; message?: string; field?: string }

export type StatusDetails = {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

/** metav1.Status, the body of every failure. */
export type Status = {
  kind: "Status"
  apiVersion: "v1"
  metadata: { continue?: string }
  status: "Success" | "Failure"
  message?: string
  reason?: string
  details?: StatusDetails
  code: number
}

/** A refusal with a reason, on the server before it is written and on the client after it was read. */
export class StatusError extends Error {
  override readonly name = "StatusError"
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? `status ${status.code}`)
    this.status = status
  }

  get reason(): string {
    return this.status.reason ?? ""
  }

  get code(): number {
    return this.status.code
  }
}

/** A failure status as the API server words it. `code` overrides the reason's usual one. */
export function newStatusError(
  reason: StatusReason | "",
  message: string,
  details?: StatusDetails,
  code?: number,
): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === "" ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code: code ?? (reason === "" ? 500 : HTTP_CODE_OF[reason]),
  })
}

/** @returns whether `error` is a StatusError with one of `reasons` */
export function hasReason(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons as string[]).includes(error.reason)
}

type GroupResource = { readonly group: string; readonly resource: string }

const named = (gr: GroupResource) => (gr.group === "" ? gr.resource : `${gr.resource}.${gr.group}`)
const detailsOf = (gr: GroupResource, name: string, causes?: StatusCause[]): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(gr.group === "" ? {} : { group: gr.group }),
  kind: gr.resource,
  ...(causes === undefined ? {} : { causes }),
})

export const notFound = (gr: GroupResource, name: string) =>
  newStatusError("NotFound", `${named(gr)} "${name}" not found`, detailsOf(gr, name))

export const alreadyExists = (gr: GroupResource, name: string) =>
  newStatusError("AlreadyExists", `${named(gr)} "${name}" already exists`, detailsOf(gr, name))

export const conflict = (gr: GroupResource, name: string, why: string) =>
  newStatusError("Conflict", `Operation cannot be fulfilled on ${named(gr)} "${name}": ${why}`, detailsOf(gr, name))

export const forbidden = (gr: GroupResource, name: string, why: string) =>
  newStatusError(
    "Forbidden",
    name === "" ? `${named(gr)} is forbidden: ${why}` : `${named(gr)} "${name}" is forbidden: ${why}`,
    detailsOf(gr, name),
  )

export const badRequest = (message: string) => newStatusError("BadRequest", message)

export const internalError = (message: string) =>
  newStatusError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] })

/** The optimistic lock's refusal: read the object again and try once more. */
export const MODIFIED_MESSAGE =
  "the object has been modified; please apply your changes to the latest version and try again"

/** One problem of one field. `body` is what follows `field: ` in the message. Source: field.Error. */
export type FieldError = {
  readonly field: string
  readonly reason:
    | "FieldValueInvalid"
    | "FieldValueRequired"
    | "FieldValueForbidden"
    | "FieldValueNotSupported"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "FieldValueNotFound"
    | "InternalError"
  readonly body: string
}

/** 422 with a cause for each field error: `Deployment.apps "x" is invalid: spec.replicas: Invalid value: …`. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.body}`))]
  const body = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`
  const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`
  return newStatusError("Invalid", `${what} "${name}" is invalid: ${body}`, {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    ...(kind.kind === "" ? {} : { kind: kind.kind }),
    causes: errors.map((e) => ({ reason: e.reason, message: e.body, field: e.field })),
  })
}
