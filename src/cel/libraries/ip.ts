// Addresses and ranges of addresses. Sources: apiserver pkg/cel/library/ip.go and cidr.go over net/netip.
import { isIPv6 } from "node:net"
import { goQuote } from "#apimachinery/go-text.ts"
import { formatIpAddress, ipAddressBytes, isIpAddress } from "#lib/x509/ip-address.ts"
import { BOOL, INT, opaqueType, STRING, type Type } from "#cel/types/type.ts"
import { CelError, isError, OpaqueValue, type Value } from "#cel/values/value.ts"
import { declare, member, overload, type Call, type FunctionDeclaration } from "./declare.ts"

export const IP = opaqueType("net.IP")
export const CIDR = opaqueType("net.CIDR")

/** An address as a number of 32 or 128 bits. */
export class IpValue extends OpaqueValue {
  override readonly type: Type = IP
  readonly bits: bigint
  readonly length: 32 | 128

  constructor(bits: bigint, length: 32 | 128) {
    super()
    this.bits = bits
    this.length = length
  }

  override get size(): number {
    return this.length / 8
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof IpValue && other.bits === this.bits && other.length === this.length
  }
}

class CidrValue extends OpaqueValue {
  override readonly type: Type = CIDR
  readonly address: IpValue
  readonly prefix: number

  constructor(address: IpValue, prefix: number) {
    super()
    this.address = address
    this.prefix = prefix
  }

  override get size(): number {
    return Math.ceil(this.prefix / 8)
  }

  override equals(other: OpaqueValue): boolean {
    return other instanceof CidrValue && other.prefix === this.prefix && other.address.equals(this.address)
  }
}

function bitsOf(text: string): IpValue | undefined {
  if (!isIpAddress(text) || text.includes("%")) return undefined
  const bytes = ipAddressBytes(text)
  return new IpValue(BigInt(`0x${Buffer.from(bytes).toString("hex")}`), bytes.length === 4 ? 32 : 128)
}

const isMapped = ({ bits, length }: IpValue) => length === 128 && bits >> 32n === 0xffffn

function parseIp(text: string): IpValue | CelError {
  if (text.includes("%") && isIPv6(text.split("%")[0]!)) {
    return new CelError(`IP address ${goQuote(text)} with zone value is not allowed`)
  }
  const address = bitsOf(text)
  if (address === undefined) {
    const why = `ParseAddr(${goQuote(text)}): ${whyNoIp(text)}`
    return new CelError(`IP Address ${goQuote(text)} parse error during conversion from string: ${why}`)
  }
  if (isMapped(address)) return new CelError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`)
  return address
}

/** In the words of Go's net/netip; of IPv6 only the most common of them. */
function whyNoIp(text: string): string {
  const sign = text.search(/[.:%]/)
  if (sign < 0) return "unable to parse IP"
  if (text[sign] === "%") return "missing IPv6 address"
  if (text[sign] === ":") return "unexpected character, want colon"
  let fields = 1
  let field = ""
  for (const [at, char] of [...text].entries()) {
    if (char === ".") {
      const digitless = field === "" || at === text.length - 1
      if (digitless) return `IPv4 field must have at least one digit (at ${goQuote(text.slice(at))})`
      if (fields === 4) return "IPv4 address too long"
      fields++
      field = ""
    } else if (char >= "0" && char <= "9") {
      if (field === "0") return "IPv4 field has octet with leading zero"
      field += char
      if (Number(field) > 255) return "IPv4 field has value >255"
    } else return `unexpected character (at ${goQuote(text.slice(at))})`
  }
  return "IPv4 address too short"
}

function parseCidr(text: string): CidrValue | CelError {
  const prefixed = "network address parse error during conversion from string: "
  const fail = (why: string) => new CelError(`${prefixed}${prefixed}netip.ParsePrefix(${goQuote(text)}): ${why}`)
  const slash = text.lastIndexOf("/")
  if (slash < 0) return fail("no '/'")
  const address = bitsOf(text.slice(0, slash))
  if (address === undefined)
    return fail(`ParseAddr(${goQuote(text.slice(0, slash))}): ${whyNoIp(text.slice(0, slash))}`)
  const length = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return fail(`bad bits after slash: ${goQuote(length)}`)
  if (Number(length) > address.length) return fail("prefix length out of range")
  if (isMapped(address)) return new CelError(`${prefixed}IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`)
  return new CidrValue(address, Number(length))
}

function ipText({ bits, length }: IpValue): string {
  return formatIpAddress(Buffer.from(bits.toString(16).padStart(length / 4, "0"), "hex"))
}

function masked({ address, prefix }: CidrValue): CidrValue {
  const host = BigInt(address.length - prefix)
  return new CidrValue(new IpValue((address.bits >> host) << host, address.length), prefix)
}

function containsIp(range: CidrValue, address: IpValue): boolean {
  if (range.address.length !== address.length) return false
  const host = BigInt(address.length - range.prefix)
  return address.bits >> host === range.address.bits >> host
}

const isLoopback = ({ bits, length }: IpValue) => (length === 32 ? bits >> 24n === 127n : bits === 1n)
const isUnspecified = ({ bits }: IpValue) => bits === 0n
const isMulticast = ({ bits, length }: IpValue) => (length === 32 ? bits >> 28n === 0xen : bits >> 120n === 0xffn)
const isLinkLocal = ({ bits, length }: IpValue) => (length === 32 ? bits >> 16n === 0xa9fen : bits >> 118n === 0x3fan)
const isLinkLocalMulticast = ({ bits, length }: IpValue) =>
  length === 32 ? bits >> 8n === 0xe00000n : isMulticast(new IpValue(bits, length)) && ((bits >> 112n) & 0xfn) === 2n
const isGlobal = (address: IpValue) =>
  !(isUnspecified(address) || isLoopback(address) || isMulticast(address) || isLinkLocal(address)) &&
  !(address.length === 32 && address.bits === 0xffffffffn)

const question = (name: string, id: string, holds: (address: IpValue) => boolean): FunctionDeclaration =>
  declare(
    name,
    member(id, [IP], BOOL, (address) => holds(address as IpValue)),
  )

const toIp: Call = (text) => parseIp(text as string)
const cidrText = ({ address, prefix }: CidrValue) => `${ipText(address)}/${prefix}`
const containsRange = (range: CidrValue, other: Value | CidrValue): Value =>
  isError(other)
    ? other
    : containsIp(range, (other as CidrValue).address) && range.prefix <= (other as CidrValue).prefix

export const IP_LIBRARY: readonly FunctionDeclaration[] = [
  declare(
    "ip",
    overload("string_to_ip", [STRING], IP, toIp),
    member("cidr_ip", [CIDR], IP, (range) => (range as CidrValue).address),
  ),
  declare(
    "family",
    member("ip_family", [IP], INT, (address) => ((address as IpValue).length === 32 ? 4n : 6n)),
  ),
  declare(
    "ip.isCanonical",
    overload("ip_is_canonical", [STRING], BOOL, (text) => {
      const address = parseIp(text as string)
      return isError(address) ? address : ipText(address) === text
    }),
  ),
  question("isUnspecified", "ip_is_unspecified", isUnspecified),
  question("isLoopback", "ip_is_loopback", isLoopback),
  question("isLinkLocalMulticast", "ip_is_link_local_multicast", isLinkLocalMulticast),
  question("isLinkLocalUnicast", "ip_is_link_local_unicast", isLinkLocal),
  question("isGlobalUnicast", "ip_is_global_unicast", isGlobal),
  declare(
    "isIP",
    overload("is_ip", [STRING], BOOL, (text) => !isError(parseIp(text as string))),
  ),
  declare(
    "string",
    overload("ip_to_string", [IP], STRING, (address) => ipText(address as IpValue)),
    overload("cidr_to_string", [CIDR], STRING, (range) => cidrText(range as CidrValue)),
  ),
  declare(
    "cidr",
    overload("string_to_cidr", [STRING], CIDR, (text) => parseCidr(text as string)),
  ),
  declare(
    "isCIDR",
    overload("is_cidr", [STRING], BOOL, (text) => !isError(parseCidr(text as string))),
  ),
  declare(
    "containsIP",
    member("cidr_contains_ip_string", [CIDR, STRING], BOOL, (range, text) => {
      const address = parseIp(text as string)
      return isError(address) ? address : containsIp(range as CidrValue, address)
    }),
    member("cidr_contains_ip_ip", [CIDR, IP], BOOL, (range, address) =>
      containsIp(range as CidrValue, address as IpValue),
    ),
  ),
  declare(
    "containsCIDR",
    member("cidr_contains_cidr_string", [CIDR, STRING], BOOL, (range, text) =>
      containsRange(range as CidrValue, parseCidr(text as string)),
    ),
    member("cidr_contains_cidr", [CIDR, CIDR], BOOL, (range, other) => containsRange(range as CidrValue, other!)),
  ),
  declare(
    "prefixLength",
    member("cidr_prefix_length", [CIDR], INT, (range) => BigInt((range as CidrValue).prefix)),
  ),
  declare(
    "masked",
    member("cidr_masked", [CIDR], CIDR, (range) => masked(range as CidrValue)),
  ),
]
