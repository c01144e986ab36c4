/** Source: apimachinery api/errors NewGenericServerResponse, as client-go calls it for an answer that is no metav1.Status. */
const GENERIC: Readonly<Record<number, string>> = {
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  409: "the server reported a conflict",
  410: "the server reported that the requested resource is gone",
  413: "the request is too large for the server",
  422: "the server rejected our request due to an error in our request",
  429: "the server has received too many requests and has asked us to try again later",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}

/** What client-go says of an answer with a status that means failure. */
export function genericFailure(status: number, contentType: string, body: string): string {
  const own = statusMessage(body)
  if (own !== undefined) return own
  const text = contentType.startsWith("text/") ? body.trim() : "unknown"
  if (status === 403) return text
  const generic = GENERIC[status]
  if (generic !== undefined) return generic
  if (status >= 500) return `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}

function statusMessage(body: string): string | undefined {
  if (!body.startsWith("{")) return undefined
  try {
    const value = JSON.parse(body) as { kind?: unknown; status?: unknown; message?: unknown }
    return value.kind === "Status" && value.status !== "Success" && typeof value.message === "string"
      ? value.message
      : undefined
  } catch {
    return undefined
  }
}
