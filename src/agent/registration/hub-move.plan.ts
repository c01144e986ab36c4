import type { HubEndpoint } from "#api/cluster/hub-endpoint.ts"
import { certificatePem } from "#lib/x509/certificate.ts"
import { certificatesOf } from "./credentials.plan.ts"
import type { HubAddress } from "./credentials.ts"

/**
 * Where to look for the hub, given where it says to be. What comes first is wanted most: exactly what is published; then
 * the present authorities beside the new ones, for a server that has not changed its certificate yet; then those
 * at the present address, for a server that is not there yet. An address that was never published is somebody's own way
 * to the hub, and stays.
 *
 * @returns addresses to try in this order; the present one is not among them, nor is anything worse than it; empty when
 *   the hub is where it says to be
 */
export function planHubMove(current: HubAddress, published: HubEndpoint): readonly HubAddress[] {
  const { ca: _, ...rest } = current
  const at = (server: string, ca: string | undefined): HubAddress => ({ ...rest, server, ...(ca ? { ca } : {}) })
  // Two bundles of which one is the system's cannot be joined: the present one is what has been seen to work.
  const beside = published.ca && current.ca ? joined(current.ca, published.ca) : current.ca
  const follows = [published.server, ...(published.former ?? [])].includes(current.server)
  const server = follows ? published.server : current.server
  const wanted = [at(server, published.ca), at(server, beside), at(current.server, beside)]
  const unlike = (one: HubAddress) => (other: HubAddress) => !isSameAddress(one, other)
  const present = wanted.findIndex((address) => isSameAddress(address, current))
  const better = present < 0 ? wanted : wanted.slice(0, present)
  return better.filter((address, i) => better.slice(0, i).every(unlike(address)))
}

/** Whether both lead to the same place and trust the same authorities, in whatever order they are written. */
export function isSameAddress(one: HubAddress, other: HubAddress): boolean {
  return one.server === other.server && isSameTrust(one.ca, other.ca)
}

function isSameTrust(one: string | undefined, other: string | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other
  const [left, right] = [fingerprints(one), fingerprints(other)]
  return left.length > 0 && left.join() === right.join()
}

const fingerprints = (pem: string) => [...new Set(certificatesOf(pem).map(text))].toSorted()

const text = ({ der }: { readonly der: Uint8Array }) => Buffer.from(der).toString("base64")

/** Each authority once; those of `current` first. */
function joined(current: string, added: string): string {
  const byText = new Map(
    [...certificatesOf(current), ...certificatesOf(added)].map((c) => [text(c), certificatePem(c)]),
  )
  return [...byText.values()].join("")
}
