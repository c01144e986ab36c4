import { newStatusError } from "#apimachinery/status-error.ts"

/** The form of an answer. */
export type Representation = {
  readonly mediaType: "json" | "yaml"
  /** `application/json`, with `;stream=watch` left to the caller. */
  readonly contentType: string
  /** A view instead of the object itself. */
  readonly as?: View
  /** Of meta.k8s.io: `v1` or `v1beta1`. */
  readonly viewVersion?: string
  /** Nothing in Accept fitted, or the asker is a person: indent JSON. */
  readonly pretty: boolean
}

export type View = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList"

const MEDIA_TYPES: Readonly<Record<string, "json" | "yaml">> = {
  "application/json": "json",
  "application/yaml": "yaml",
  "application/*": "json",
  "*/*": "json",
}

const CONTENT_TYPE_OF = { json: "application/json", yaml: "application/yaml" } as const
const VIEWS: readonly string[] = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
const VIEW_VERSIONS: readonly string[] = ["v1", "v1beta1"]
/** Programs behind which a person sits; they get indented JSON. */
const PEOPLE = /^(curl|Wget|Mozilla)\//

/**
 * Chooses the form of an answer from the Accept header: the clause of highest quality that can be served, the first of
 * equals.
 *
 * @param views  the views that this answer can take
 * @throws StatusError NotAcceptable when nothing that is asked for can be served
 */
export function negotiate(
  headers: Readonly<Record<string, string>>,
  options: { readonly views: readonly View[]; readonly pretty: boolean; readonly stream?: boolean },
): Representation {
  const pretty = options.pretty || PEOPLE.test(headers["user-agent"] ?? "")
  const accept = headers["accept"]?.trim()
  if (!accept) return { mediaType: "json", contentType: "application/json", pretty }
  for (const clause of parseAccept(accept)) {
    const mediaType = MEDIA_TYPES[clause.type]
    if (mediaType === undefined || (options.stream && mediaType === "yaml")) continue
    const found = viewOf(clause, mediaType, options.views)
    if (found !== undefined) return { mediaType, contentType: CONTENT_TYPE_OF[mediaType], ...found, pretty }
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
  return clauses.filter((c) => c.quality > 0).toSorted((a, b) => b.quality - a.quality)
}

/** @returns undefined when the clause asks for a view that this answer cannot take */
function viewOf(
  { parameters }: Clause,
  mediaType: "json" | "yaml",
  views: readonly View[],
): { as: View; viewVersion: string } | Record<never, never> | undefined {
  const as = parameters.get("as")
  if (as === undefined) return {}
  const version = parameters.get("v") ?? ""
  if (parameters.get("g") !== "meta.k8s.io" || !VIEW_VERSIONS.includes(version) || !VIEWS.includes(as)) return undefined
  const view = views.find((v) => v === as)
  return view === undefined || mediaType === undefined ? undefined : { as: view, viewVersion: version }
}

function notAcceptable(stream: boolean) {
  const types = stream ? "application/json;stream=watch" : "application/json, application/yaml"
  return newStatusError("NotAcceptable", `only the following media types are accepted: ${types}`)
}

export type BodyFormat = "json" | "yaml" | "protobuf"

const BODY_FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ["", "json"],
  ["application/json", "json"],
  ["application/yaml", "yaml"],
  ["application/vnd.kubernetes.protobuf", "protobuf"],
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
