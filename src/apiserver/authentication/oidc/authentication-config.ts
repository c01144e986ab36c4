// AuthenticationConfiguration of apiserver.config.k8s.io/v1, without what needs CEL.
import { isJsonObject, type JsonObject } from "#apimachinery/json.ts"
import { JWT_ALGORITHMS } from "#lib/jwt.ts"
import { parseYamlDocuments } from "#lib/yaml.ts"
import type { ClaimMapping, OidcIssuer } from "./issuer.ts"

/** Source: k8s.io/apiserver apis/apiserver/validation. */
const ISSUERS_MAX = 64

/** @param text  YAML or JSON. @throws Error that names every field that is wrong */
export function parseAuthenticationConfig(text: string): OidcIssuer[] {
  const config = parseYamlDocuments(text)[0]
  if (!isJsonObject(config) || config["apiVersion"] !== "apiserver.config.k8s.io/v1" || config["kind"] !== "AuthenticationConfiguration")
    throw new Error("Cannot read authentication configuration: want apiVersion apiserver.config.k8s.io/v1 and kind AuthenticationConfiguration") // prettier-ignore
  const problems: string[] = []
  for (const field of Object.keys(config)) {
    if (!["apiVersion", "kind", "jwt"].includes(field)) problems.push(`${field}: Forbidden: not supported`)
  }
  const list = Array.isArray(config["jwt"]) ? config["jwt"] : []
  if (list.length > ISSUERS_MAX) problems.push(`jwt: Too many: ${list.length}: must have at most ${ISSUERS_MAX} items`)
  const issuers = list.slice(0, ISSUERS_MAX).map((entry, i) => readIssuer(new Fields(entry, `jwt[${i}]`, problems)))
  const urls = issuers.map(({ url }) => url)
  urls.forEach((url, i) => {
    if (urls.indexOf(url) !== i) problems.push(`jwt[${i}].issuer.url: Duplicate value: ${JSON.stringify(url)}`)
  })
  if (problems.length > 0) throw new Error(`Cannot read authentication configuration: ${problems.join(", ")}`)
  return issuers
}

/** Reads an object, and notes what is wrong with it. */
class Fields {
  readonly path: string
  readonly problems: string[]
  readonly #object: JsonObject

  constructor(value: unknown, path: string, problems: string[]) {
    this.path = path
    this.problems = problems
    this.#object = isJsonObject(value) ? value : {}
  }

  /** Notes members that are none of these. */
  only(...names: readonly string[]): void {
    for (const name of Object.keys(this.#object)) {
      if (!names.includes(name)) this.problem(name, "Forbidden: not supported")
    }
  }
  problem(name: string, what: string): void {
    this.problems.push(`${this.path}.${name}: ${what}`)
  }
  has(name: string): boolean {
    return (this.#object[name] ?? undefined) !== undefined
  }
  text(name: string): string {
    const value = this.#object[name] ?? ""
    if (typeof value === "string") return value
    this.problem(name, "Invalid value: want text")
    return ""
  }
  required(name: string): string {
    const value = this.text(name)
    if (value === "") this.problem(name, "Required value")
    return value
  }
  texts(name: string): string[] {
    const value = this.#object[name] ?? []
    if (Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "")) return value as string[]
    this.problem(name, "Invalid value: want a list of texts")
    return []
  }
  within(name: string): Fields {
    return new Fields(this.#object[name], `${this.path}.${name}`, this.problems)
  }
  list(name: string): Fields[] {
    const value = this.#object[name] ?? []
    if (!Array.isArray(value)) this.problem(name, "Invalid value: want a list")
    return (Array.isArray(value) ? value : []).map(
      (item, i) => new Fields(item, `${this.path}.${name}[${i}]`, this.problems),
    )
  }
}

function readIssuer(entry: Fields): OidcIssuer {
  entry.only("issuer", "claimValidationRules", "claimMappings")
  const issuer = entry.within("issuer")
  issuer.only("url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy")
  const url = httpsUrl(issuer, "url", issuer.required("url"))
  const discoveryUrl = issuer.has("discoveryURL") ? httpsUrl(issuer, "discoveryURL", issuer.text("discoveryURL")) : ""
  const certificateAuthority = issuer.text("certificateAuthority")
  const audiences = issuer.texts("audiences")
  if (audiences.length === 0)
    issuer.problem("audiences", "Required value: at least one jwt.issuer.audiences is required")
  const policy = issuer.text("audienceMatchPolicy")
  if (policy !== "" && policy !== "MatchAny")
    issuer.problem(
      "audienceMatchPolicy",
      `Invalid value: ${JSON.stringify(policy)}: audienceMatchPolicy must be empty or MatchAny`,
    )
  const mappings = entry.within("claimMappings")
  mappings.only("username", "groups", "uid")
  const username = readMapping(mappings.within("username"))
  if (username === undefined) mappings.problem("username", "Required value: claim or expression is required")
  const groups = mappings.has("groups") ? readMapping(mappings.within("groups")) : undefined
  const uid = mappings.within("uid")
  uid.only("claim")
  const uidClaim = mappings.has("uid") ? uid.required("claim") : ""
  const requiredClaims: Record<string, string> = {}
  for (const rule of entry.list("claimValidationRules")) {
    rule.only("claim", "requiredValue")
    requiredClaims[rule.required("claim")] = rule.text("requiredValue")
  }
  return {
    url,
    ...(discoveryUrl === "" ? {} : { discoveryUrl }),
    ...(certificateAuthority === "" ? {} : { certificateAuthority }),
    audiences,
    algorithms: JWT_ALGORITHMS,
    username: username ?? { claim: "", prefix: "" },
    ...(groups === undefined ? {} : { groups }),
    ...(uidClaim === "" ? {} : { uidClaim }),
    requiredClaims,
  }
}

function readMapping(mapping: Fields): ClaimMapping | undefined {
  mapping.only("claim", "prefix")
  const claim = mapping.text("claim")
  if (claim === "") return undefined
  if (!mapping.has("prefix"))
    mapping.problem(
      "prefix",
      "Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing",
    )
  return { claim, prefix: mapping.text("prefix") }
}

function httpsUrl(fields: Fields, name: string, text: string): string {
  const url = text === "" ? undefined : URL.parse(text)
  if (text !== "" && url === null) fields.problem(name, `Invalid value: ${JSON.stringify(text)}: want a URL`)
  else if (url && url.protocol !== "https:")
    fields.problem(name, `Invalid value: ${JSON.stringify(text)}: URL scheme must be https`)
  else if (url && (url.username !== "" || url.search !== "" || url.hash !== ""))
    fields.problem(name, `Invalid value: ${JSON.stringify(text)}: URL must not contain a username, query or fragment`)
  return text
}
