import { newStatusError } from "#apimachinery/status-error.ts"

/** The form of an answer. */
export type Representation = {
  readonly mediaType: MediaType
  /** `application/json`, with `;stream=watch` left to the caller. */
  readonly contentType: string
  /** A view instead of the object itself. */
  readonly as?: View
  /** Of meta.k8s.io: `v1` or `v1beta1`. */
  readonly viewVersion?: string
  /** Nothing in Accept fitted, or the asker is a person: indent JSON. */
  readonly pretty: boolean
}

export type MediaType = "json" | "yaml" | "protobuf"

export type View = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList"

const PROTOBUF = "application/vnd.kubernetes.protobuf"

/** By what a client says: a map, because it may also say `constructor`. */
const MEDIA_TYPES: ReadonlyMap<string, MediaType> = new Map([
  ["application/json", "json"],
  ["application/yaml", "yaml"],
  [PROTOBUF, "protobuf"],
  ["application/*", "json"],
  ["*/*", "json"],
])

const CONTENT_TYPE_OF: Readonly<Record<MediaType, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: PROTOBUF,
}
const VIEWS: readonly string[] = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
const VIEW_VERSIONS: readonly string[] = ["v1", "v1beta1"]
/** Programs behind which a person sits; they get indented JSON. */
const PEOPLE = /^(curl|Wget|Mozilla)\//

/**
 * Chooses the form of an answer from the Accept header: the clause of highest quality that can be served, the first of
 * equals.
 *
 * @param options.views  the views that this answer can take
 * @param options.protobuf  whether the object itself has a protobuf form; of a view it depends on the view
 * @throws StatusError NotAcceptable when nothing that is asked for can be served
 */
export function negotiate(
  headers: Readonly<Record<string, string>>,
  options: {
    readonly views: readonly View[]
    /** As the query says; undefined when it says nothing. */
    readonly pretty?: boolean | undefined
    readonly stream?: boolean
    readonly protobuf?: boolean
    /** Of a built-in kind: its routes look at the media types before anything else. */
    readonly routed?: "object" | "watchable" | undefined
    /** `core.ConfigMap`, for refusals. */
    readonly type?: string
  },
): Representation {
  const pretty = options.pretty ?? PEOPLE.test(headers["user-agent"] ?? "")
  const accept = headers["accept"]?.trim()
  if (!accept) return { mediaType: "json", contentType: "application/json", pretty }
  const clauses = parseAccept(accept)
  if (options.routed !== undefined) checkRoute(clauses, options.routed)
  for (const clause of clauses) {
    const mediaType = MEDIA_TYPES.get(clause.type)
    if (mediaType === undefined || (options.stream && mediaType === "yaml")) continue
    checkView(clause, options.views, options.type)
    const found = viewOf(clause, options.views)
    if (found === undefined) continue
    if (mediaType === "protobuf" && !(found.as === undefined ? options.protobuf : found.as !== "Table")) continue
    return { mediaType, contentType: CONTENT_TYPE_OF[mediaType], ...found, pretty }
  }
  throw notAcceptable(options.stream ?? false)
}

type Clause = { readonly type: string; readonly quality: number; readonly parameters: ReadonlyMap<string, string> }

function parseAccept(accept: string): Clause[] {
  const clauses = accept.split(",").map((text): Clause => {
    const [type = "", ...rest] = text.split(";").map((part) => part.trim())
    const parameters = new Map(
      rest.map((part): [string, string] => {
        const at = part.indexOf("=")
        return at < 0 ? [part, ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
      }),
    )
    const quality = Number(parameters.get("q") ?? 1)
    return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 0 : quality, parameters }
  })
  return clauses.toSorted((a, b) => b.quality - a.quality)
}

/** @returns undefined when the clause asks for a view that this answer cannot take */
function viewOf({ parameters }: Clause, views: readonly View[]): { as?: View; viewVersion?: string } | undefined {
  const as = parameters.get("as")
  if (as === undefined) return {}
  const version = parameters.get("v") ?? ""
  if (parameters.get("g") !== "meta.k8s.io" || !VIEW_VERSIONS.includes(version) || !VIEWS.includes(as)) return undefined
  const view = views.find((v) => v === as)
  return view === undefined ? undefined : { as: view, viewVersion: version }
}

function notAcceptable(stream: boolean) {
  const types = stream ? STREAM_TYPES : OBJECT_TYPES
  return newStatusError("NotAcceptable", `only the following media types are accepted: ${types}`)
}

const OBJECT_TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
const STREAM_TYPES = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
const ROUTED_TYPES: ReadonlySet<string> = new Set(["*/*", ...OBJECT_TYPES.split(", ")])

/** The router in front of the built-in kinds knows no parameters and no `application/*`. Source: go-restful. */
function checkRoute(clauses: readonly Clause[], routed: "object" | "watchable"): void {
  if (clauses.some(({ type }) => ROUTED_TYPES.has(type))) return
  const types = routed === "watchable" ? `${OBJECT_TYPES}, ${STREAM_TYPES}` : OBJECT_TYPES
  throw newStatusError("NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${types}`, {})
}

/** A list is no object and an object no list: whoever asks for the other one's metadata is told so. */
function checkView({ parameters }: Clause, views: readonly View[], type: string | undefined): void {
  const as = parameters.get("as")
  if (
    type === undefined ||
    views.length > 2 ||
    parameters.get("g") !== "meta.k8s.io" ||
    !VIEW_VERSIONS.includes(parameters.get("v") ?? "")
  )
    return
  if (as === "PartialObjectMetadata" && views.includes("PartialObjectMetadataList")) {
    throw newStatusError("NotAcceptable", `you requested ${as}, but the requested object is a list (*${type})`)
  }
  if (as === "PartialObjectMetadataList" && views.includes("PartialObjectMetadata")) {
    throw newStatusError("NotAcceptable", `you requested ${as}, but the requested object is not a list (*${type})`)
  }
}

/** The form of a refusal: what was asked for, without views; indented JSON for whoever accepts nothing that is there. */
export function refusalForm(headers: Readonly<Record<string, string>>, pretty: boolean | undefined): Representation {
  try {
    return negotiate(headers, { views: [], pretty, protobuf: true })
  } catch {
    return { mediaType: "json", contentType: CONTENT_TYPE_OF.json, pretty: true }
  }
}

export type BodyFormat = "json" | "yaml" | "protobuf"

const BODY_FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ["", "json"],
  ["application/json", "json"],
  ["application/yaml", "yaml"],
  [PROTOBUF, "protobuf"],
])

/**
 * The form of a body. Nothing said means JSON.
 *
 * @param custom  custom resources have no protobuf form
 * @throws StatusError UnsupportedMediaType
 */
export function bodyFormat(contentType: string | undefined, custom = false): BodyFormat {
  const type = (contentType ?? "").split(";")[0]!.trim().toLowerCase()
  const format = BODY_FORMATS.get(type)
  if (format !== undefined && (format !== "protobuf" || !custom)) return format
  const accepted = [...BODY_FORMATS.keys()].filter(
    (name) => name !== "" && (!custom || BODY_FORMATS.get(name) !== "protobuf"),
  )
  throw newStatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  )
}
