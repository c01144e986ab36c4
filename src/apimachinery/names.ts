/**
 * Checks of names and labels. Each returns the problems as Kubernetes words them, none when the value is good.
 * Source: k8s.io/apimachinery/pkg/api/validate/content and pkg/util/validation.
 */

const DNS1123_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const DNS1123_SUBDOMAIN = `${DNS1123_LABEL}(\\.${DNS1123_LABEL})*`
const DNS1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
const LABEL_KEY_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const LABEL_VALUE = `(${LABEL_KEY_NAME})?`
const CONFIG_MAP_KEY = "[-._a-zA-Z0-9]+"

const dns1123Label = new RegExp(`^${DNS1123_LABEL}$`)
const dns1123Subdomain = new RegExp(`^${DNS1123_SUBDOMAIN}$`)
const dns1035Label = new RegExp(`^${DNS1035_LABEL}$`)
const labelKeyName = new RegExp(`^${LABEL_KEY_NAME}$`)
const labelValue = new RegExp(`^${LABEL_VALUE}$`)
const configMapKey = new RegExp(`^${CONFIG_MAP_KEY}$`)

export const DNS1123_LABEL_BYTES_MAX = 63
export const DNS1123_SUBDOMAIN_BYTES_MAX = 253
const LABEL_NAME_BYTES_MAX = 63

const LABEL_KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const DNS1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const CONFIG_MAP_KEY_RULE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"

/** How Kubernetes says that a value does not match: the rule, examples and the pattern. */
export function patternError(rule: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${rule} (regex used for validation is '${pattern}')`
  const quoted = examples.map((example) => `'${example}', `).join(" or ")
  return `${rule} (e.g. ${quoted}regex used for validation is '${pattern}')`
}

// Upstream moves these texts from "characters" to "bytes" one check at a time; what is limited is bytes in both.
const charactersError = (max: number) => `must be no more than ${max} characters`
const bytesError = (max: number) => `must be no more than ${max} bytes`

/** Names are limited in bytes of UTF-8; ASCII, the usual case, needs no encoding to be counted. */
function isLongerThan(value: string, bytesMax: number): boolean {
  if (value.length > bytesMax) return true
  return value.length * 3 > bytesMax && Buffer.byteLength(value) > bytesMax
}

/** A DNS-1123 label: names of namespaces. */
export function isDns1123Label(value: string): string[] {
  const problems: string[] = []
  if (isLongerThan(value, DNS1123_LABEL_BYTES_MAX)) problems.push(charactersError(DNS1123_LABEL_BYTES_MAX))
  if (!dns1123Label.test(value)) {
    if (dns1123Subdomain.test(value)) problems.push("must not contain dots")
    else problems.push(patternError(LABEL_RULE, DNS1123_LABEL, "my-name", "123-abc"))
  }
  return problems
}

/** A DNS-1123 subdomain: names of most objects. */
export function isDns1123Subdomain(value: string): string[] {
  return subdomainProblems(value, charactersError)
}

function subdomainProblems(value: string, lengthError: (max: number) => string): string[] {
  const problems: string[] = []
  if (isLongerThan(value, DNS1123_SUBDOMAIN_BYTES_MAX)) problems.push(lengthError(DNS1123_SUBDOMAIN_BYTES_MAX))
  if (!dns1123Subdomain.test(value)) problems.push(patternError(SUBDOMAIN_RULE, DNS1123_SUBDOMAIN, "example.com"))
  return problems
}

/** A DNS-1035 label: names of services and, in CRDs, plural names and kinds. */
export function isDns1035Label(value: string): string[] {
  const problems: string[] = []
  if (isLongerThan(value, DNS1123_LABEL_BYTES_MAX)) problems.push(charactersError(DNS1123_LABEL_BYTES_MAX))
  if (!dns1035Label.test(value)) problems.push(patternError(DNS1035_RULE, DNS1035_LABEL, "my-name", "abc-123"))
  return problems
}

const QUALIFIED_NAME_ERROR = patternError(LABEL_KEY_RULE, LABEL_KEY_NAME, "MyName", "my.name", "123-abc")

/** A label key, annotation key or finalizer: an optional DNS-1123 subdomain with "/" and a name. */
export function isQualifiedName(value: string): string[] {
  const problems: string[] = []
  const parts = value.split("/")
  const pattern = QUALIFIED_NAME_ERROR
  if (parts.length > 2) {
    return [`a valid label key ${pattern} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts[parts.length - 1]!
  if (parts.length === 2) {
    const prefix = parts[0]!
    if (prefix === "") problems.push("prefix part must be non-empty")
    else for (const problem of subdomainProblems(prefix, bytesError)) problems.push(`prefix part ${problem}`)
  }
  if (name === "") problems.push("name part must be non-empty")
  else if (isLongerThan(name, LABEL_NAME_BYTES_MAX)) problems.push(`name part ${bytesError(LABEL_NAME_BYTES_MAX)}`)
  if (!labelKeyName.test(name)) problems.push(`name part ${pattern}`)
  return problems
}

/** A label value; the empty string is one. */
export function isLabelValue(value: string): string[] {
  const problems: string[] = []
  if (isLongerThan(value, LABEL_NAME_BYTES_MAX)) problems.push(bytesError(LABEL_NAME_BYTES_MAX))
  if (!labelValue.test(value)) {
    problems.push(patternError(LABEL_VALUE_RULE, LABEL_VALUE, "MyValue", "my_value", "12345"))
  }
  return problems
}

/** A key of a ConfigMap or Secret. */
export function isConfigMapKey(value: string): string[] {
  const problems: string[] = []
  if (isLongerThan(value, DNS1123_SUBDOMAIN_BYTES_MAX)) problems.push(charactersError(DNS1123_SUBDOMAIN_BYTES_MAX))
  if (!configMapKey.test(value)) {
    problems.push(patternError(CONFIG_MAP_KEY_RULE, CONFIG_MAP_KEY, "key.name", "KEY_NAME", "key-name"))
  }
  if (value === ".") problems.push("must not be '.'")
  else if (value === "..") problems.push("must not be '..'")
  else if (value.startsWith("..")) problems.push("must not start with '..'")
  return problems
}

/** A name that becomes part of a URL path: names of RBAC roles. Source: pkg/api/validation/path. */
export function isPathSegmentName(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`]
  return ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`)
}

/**
 * What is checked of a `metadata.generateName`: characters will follow, so a trailing dash is no fault. Upstream
 * replaces the last two characters, not one; a one-letter difference in length decides nothing.
 */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name
}
