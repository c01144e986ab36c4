import { formatTime } from "#lib/clock.ts"
import { uuid } from "#lib/random.ts"
import type { Random } from "#lib/random.ts"
import { parseApiVersion } from "#apimachinery/gvk.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest, conflict, invalid, notFound } from "#apimachinery/status-error.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { serviceAccountUser } from "#apiserver/authentication/service-account.ts"
import type { ServiceAccountIssuer } from "#apiserver/authentication/service-account-issuer.ts"
import { findObject, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import type { ObjectReader } from "#apiserver/object-reader.ts"
import type { VirtualRequest, VirtualResource } from "#apiserver/virtual.ts"
import { answer, textsIn } from "./answer.ts"

const GROUP = "authentication.k8s.io"
const KIND = "TokenRequest"
const EXPIRATION_SECONDS_DEFAULT = 3600
const EXPIRATION_SECONDS_MIN = 600
const EXPIRATION_SECONDS_MAX = 2 ** 32
/**
 * What kubelets ask for on behalf of pods. Old clients in pods do not read their token again: such a token lasts a
 * year and says when it should have been replaced. Source: KEP-1205.
 */
const EXPIRATION_SECONDS_PROJECTED = 3607
const EXPIRATION_SECONDS_EXTENDED = 365 * 24 * 3600

export type TokenRequestOptions = {
  readonly reader: ObjectReader
  readonly issuer: ServiceAccountIssuer
  readonly random: Random
}

/** The `token` of a service account: a signed token that lasts as long as was asked for. */
export function tokenRequests(options: TokenRequestOptions): VirtualResource {
  return {
    group: "",
    resource: "serviceaccounts",
    subresource: "token",
    create: (request) => issueToken(options, request),
  }
}

type Ref = { readonly name: string; readonly uid?: string }
/** What a token dies with, as it stands in the token. */
type BoundRefs = { readonly pod?: Ref; readonly secret?: Ref; readonly node?: Ref }

function issueToken({ reader, issuer, random }: TokenRequestOptions, request: VirtualRequest): UnknownObject {
  const { object, name, namespace, nowMs } = request
  const account = reader.get({ group: "", resource: "serviceaccounts" }, namespace, name)
  if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts" }, name)
  checkMetadata(object, account, request)

  const spec = objectIn(object, "spec")
  const asked = textsIn(spec, "audiences")
  const audiences = asked.length === 0 ? issuer.audiences : asked
  const expirationSeconds =
    typeof spec["expirationSeconds"] === "number" ? spec["expirationSeconds"] : EXPIRATION_SECONDS_DEFAULT
  const problem = checkExpiration(expirationSeconds)
  if (problem !== undefined) throw invalid({ group: GROUP, kind: KIND }, "", [problem])
  const boundObjectRef = findObject(spec, "boundObjectRef")
  const bound = boundObjectRef === undefined ? {} : resolveBoundObject(reader, boundObjectRef, namespace, name)

  const nowSeconds = Math.floor(nowMs / 1000)
  const isProjected =
    bound.pod !== undefined &&
    expirationSeconds === EXPIRATION_SECONDS_PROJECTED &&
    audiences.every((audience) => issuer.audiences.includes(audience))
  const token = issuer.sign({
    aud: audiences,
    exp: nowSeconds + (isProjected ? EXPIRATION_SECONDS_EXTENDED : expirationSeconds),
    iat: nowSeconds,
    jti: uuid(random),
    "kubernetes.io": {
      namespace,
      ...bound,
      serviceaccount: refOf(account),
      ...(isProjected ? { warnafter: nowSeconds + expirationSeconds } : {}),
    },
    nbf: nowSeconds,
    sub: serviceAccountUser(namespace, name),
  })
  const expirationTimestamp = formatTime(nowMs + expirationSeconds * 1000)
  const metadata = { name, namespace, uid: account.metadata.uid ?? "", creationTimestamp: formatTime(nowMs) }
  return answer(GROUP, KIND, metadata, {
    spec: { audiences, expirationSeconds, boundObjectRef: boundObjectRef ?? null },
    status: { token, expirationTimestamp },
  })
}

const refOf = ({ metadata }: UnknownObject): Ref => ({ name: metadata.name ?? "", uid: metadata.uid ?? "" })

/** What the body says of the account must be true. */
function checkMetadata(object: UnknownObject, account: UnknownObject, { name, namespace }: VirtualRequest): void {
  const { metadata } = object
  const check = (field: "name" | "namespace", want: string) => {
    const value = metadata?.[field]
    if (value === undefined || value === "" || value === want) return
    const body = `Invalid value: ${JSON.stringify(value)}: must match the service account ${field} if specified`
    throw invalid({ group: GROUP, kind: KIND }, name, [
      { field: `metadata.${field}`, reason: "FieldValueInvalid", body },
    ])
  }
  check("name", name)
  check("namespace", namespace)
  const { uid } = account.metadata
  if (metadata?.uid === undefined || metadata.uid === "" || metadata.uid === uid) return
  const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`
  throw conflict({ group: GROUP, resource: KIND }, name, why)
}

function checkExpiration(seconds: number): FieldError | undefined {
  const refuse = (detail: string): FieldError => ({
    field: "spec.expirationSeconds",
    reason: "FieldValueInvalid",
    body: `Invalid value: ${seconds}: ${detail}`,
  })
  if (seconds < EXPIRATION_SECONDS_MIN) return refuse("may not specify a duration less than 10 minutes")
  if (seconds > EXPIRATION_SECONDS_MAX) return refuse("may not specify a duration larger than 2^32 seconds")
  return undefined
}

/** @throws StatusError when the object is not there, is another one, or is none that a token can be bound to */
function resolveBoundObject(reader: ObjectReader, ref: Json, namespace: string, account: string): BoundRefs {
  const { group, version } = parseApiVersion(textIn(ref, "apiVersion"))
  const [kind, name, uid] = [textIn(ref, "kind"), textIn(ref, "name"), textIn(ref, "uid")]
  const known = group === "" ? RESOURCE_OF_KIND.get(kind) : undefined
  if (known === undefined) {
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
  }
  const object = reader.get({ group: "", resource: known }, known === "nodes" ? "" : namespace, name)
  if (object === undefined) throw notFound({ group: "", resource: known }, name)
  if (uid !== "" && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: "", resource: kind }, name, why)
  }
  if (known === "secrets") return { secret: refOf(object) }
  if (known === "nodes") return { node: refOf(object) }
  if (textIn(object["spec"], "serviceAccountName") !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    )
  }
  const nodeName = textIn(object["spec"], "nodeName")
  if (nodeName === "") return { pod: refOf(object) }
  const node = reader.get({ group: "", resource: "nodes" }, "", nodeName)
  return { node: node === undefined ? { name: nodeName } : refOf(node), pod: refOf(object) }
}

const RESOURCE_OF_KIND = new Map([
  ["Pod", "pods"],
  ["Secret", "secrets"],
  ["Node", "nodes"],
])
