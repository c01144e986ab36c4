// The file that says how stored values are encrypted. Source: k8s.io/apiserver apis/apiserver v1 EncryptionConfiguration,
// server/options/encryptionconfig.
import { parseStorageKey } from "#apiserver/storage/storage-key.ts"

export type SealKey = { readonly name: string; readonly secret: Uint8Array }

/** One way to write a value. `identity` writes it as it is. */
export type SealProvider =
  | { readonly type: "identity" }
  | { readonly type: "aesgcm" | "aescbc"; readonly keys: readonly SealKey[] }

/** The first provider (and its first key) writes, all read. */
export type SealRule = { readonly resources: readonly string[]; readonly providers: readonly SealProvider[] }

const API_VERSION = "apiserver.config.k8s.io/v1"
const RULES_MAX = 1_000
const KEYS_MAX = 1_000
/** Source: encryptionconfig aesKeySizes. */
const AES_KEY_LENGTHS = [16, 24, 32]

type Config = {
  apiVersion?: unknown
  kind?: unknown
  resources?: readonly { resources?: readonly string[]; providers?: readonly Record<string, unknown>[] }[]
}

/**
 * Reads an EncryptionConfiguration.
 *
 * @throws Error naming the field that is wrong
 */
export function parseEncryptionConfig(document: unknown): readonly SealRule[] {
  const { apiVersion, kind, resources } = (document ?? {}) as Config
  if (apiVersion !== API_VERSION || kind !== "EncryptionConfiguration")
    throw new Error(`want apiVersion ${API_VERSION} and kind EncryptionConfiguration`)
  if (!Array.isArray(resources) || resources.length === 0)
    throw new Error("resources: Required value: want at least one")
  if (resources.length > RULES_MAX) throw new Error(`resources: Too many: must have at most ${RULES_MAX} items`)
  return (resources as NonNullable<Config["resources"]>).map((entry, i) => {
    const at = `resources[${i}]`
    const names = entry?.resources
    if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== "string" || name === ""))
      throw new Error(`${at}.resources: Required value: want names such as "secrets", "deployments.apps" or "*.*"`)
    if (!Array.isArray(entry.providers) || entry.providers.length === 0)
      throw new Error(`${at}.providers: Required value: want at least one`)
    return {
      resources: names as string[],
      providers: entry.providers.map((provider, j) => parseProvider(provider, `${at}.providers[${j}]`)),
    }
  })
}

function parseProvider(provider: Record<string, unknown>, at: string): SealProvider {
  const types = Object.keys(provider ?? {})
  if (types.length !== 1) throw new Error(`${at}: want exactly one of aesgcm, aescbc, identity`)
  const type = types[0]!
  if (type === "identity") return { type }
  if (type === "kms" || type === "secretbox")
    throw new Error(`${at}.${type}: not supported here: want aesgcm, aescbc or identity`)
  if (type !== "aesgcm" && type !== "aescbc")
    throw new Error(`${at}: unknown provider "${type}": want aesgcm, aescbc or identity`)
  const keys = (provider[type] as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > KEYS_MAX)
    throw new Error(`${at}.${type}.keys: Required value: want 1 to ${KEYS_MAX}`)
  const names = new Set<string>()
  return { type, keys: keys.map((key, i) => parseKey(key, `${at}.${type}.keys[${i}]`, names)) }
}

function parseKey(key: { name?: unknown; secret?: unknown } | null, at: string, names: Set<string>): SealKey {
  const { name, secret } = key ?? {}
  if (typeof name !== "string" || name === "") throw new Error(`${at}.name: Required value`)
  if (name.includes(":")) throw new Error(`${at}.name: Invalid value: "${name}": must not contain a colon`)
  if (names.has(name)) throw new Error(`${at}.name: Duplicate value: "${name}"`)
  names.add(name)
  if (typeof secret !== "string" || secret === "") throw new Error(`${at}.secret: Required value`)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret))
    throw new Error(`${at}.secret: Invalid value: secrets must be base64 encoded`)
  const bytes = Buffer.from(secret, "base64")
  if (!AES_KEY_LENGTHS.includes(bytes.length))
    throw new Error(
      `${at}.secret: Invalid value: expected length of decoded key to be one of [16 24 32], got ${bytes.length}`,
    )
  return { name, secret: new Uint8Array(bytes) }
}

/** The providers for a stored key: those of the first rule that names its resource, or none. */
export function providersFor(rules: readonly SealRule[], key: string): readonly SealProvider[] {
  const { group, resource } = parseStorageKey(key)
  const names = new Set(["*.*", `*.${group}`, group === "" ? resource : `${resource}.${group}`])
  return rules.find((rule) => rule.resources.some((name) => names.has(name)))?.providers ?? []
}
