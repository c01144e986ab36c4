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

const MEDIA_TYPES: Readonly<Record<string, MediaType>> = {
  "application/json": "json",
  "application/yaml": "yaml",
  [PROTOBUF]: "protobuf",
  "application/*": "json",
  "*/*": "json",
}

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
    readonly pretty: boolean
    readonly stream?: boolean
    readonly protobuf?: boolean
  },
): Representation {
  const pretty = options.pretty || PEOPLE.test(headers["user-agent"] ?? "")
  const accept = headers["accept"]?.trim()
  if (!accept) return { mediaType: "json", contentType: "application/json", pretty }
  const clauses = parseAccept(accept)
  for (const clause of clauses) {
    const mediaType = MEDIA_TYPES[clause.type]
    if (mediaType === undefined || (options.stream && mediaType === "yaml")) continue
    const found = viewOf(clause, options.views)
    if (found === undefined) continue
    if (mediaType === "protobuf" && !(found.as === undefined ? options.protobuf : found.as !== "Table")) continue
    return { mediaType, contentType: CONTENT_TYPE_OF[mediaType], ...found, pretty }
  }
  throw notAcceptable(
    options.stream ?? false,
    clauses.some(({ type }) => type in MEDIA_TYPES),
  )
}

/** The form of a refusal: the first that fits, and indented JSON where none does. */
export function negotiateFailure(headers: Readonly<Record<string, string>>, pretty: boolean): Representation {
  try {
    return negotiate(headers, { views: [], pretty, protobuf: true })
  } catch {
    return { mediaType: "json", contentType: CONTENT_TYPE_OF.json, pretty: true }
  }
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
  return clauses.filter((c) => c.quality > 0).toSorted((a, b) => b.quality - a.quality)
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

/** @param known  whether a type was asked for that the server knows, though not for this */
function notAcceptable(stream: boolean, known: boolean) {
  const types = Object.values(CONTENT_TYPE_OF)
  const streams = [CONTENT_TYPE_OF.json, PROTOBUF].map((type) => `${type};stream=watch`)
  if (known) {
    const accepted = (stream ? streams : types).join(", ")
    return newStatusError("NotAcceptable", `only the following media types are accepted: ${accepted}`)
  }
  const available = (stream ? [...types, ...streams] : types).join(", ")
  return newStatusError("NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${available}`, {})
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
