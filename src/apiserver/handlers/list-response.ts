import type { HttpResponse } from "#lib/http.ts"
import { apiVersionOf } from "#apimachinery/gvk.ts"
import { encodeProtobufList } from "#apiserver/protobuf/encode.ts"
import { ANSWER_OVERHEAD_BYTES, peekStored } from "#apiserver/registry/codec.ts"
import { toServed } from "#apiserver/registry/conversion.ts"
import type { ListResult } from "#apiserver/registry/list.ts"
import { listBytes, listMetadata, listType, type FormContext } from "./forms.ts"
import { bytesResponse } from "./responses.ts"

/** A list in the form that was asked for. */
export function listResponse(context: FormContext, list: ListResult): HttpResponse {
  const { form } = context
  if (form.mediaType !== "protobuf") return bytesResponse(200, listBytes(context, list), form)
  return { status: 200, headers: { "content-type": form.contentType }, body: protobufList(context, list) }
}

function protobufList({ info, form }: FormContext, list: ListResult): Uint8Array {
  const type = listType(info, form)
  const item = form.as === undefined ? { apiVersion: apiVersionOf(info), kind: info.kind } : PARTIAL
  let bytes = 0
  for (const { value } of list.items) bytes += value.length + ANSWER_OVERHEAD_BYTES
  return encodeProtobufList({ ...type, metadata: listMetadata(info, form, list) }, item, {
    length: list.items.length,
    at: (index) => toServed(info, peekStored(list.items[index]!)),
    bytes,
  })
}

const PARTIAL = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata" }
