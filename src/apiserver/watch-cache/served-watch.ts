import type { BodySink } from "#lib/http.ts"
import { internalError, StatusError } from "#apimachinery/status-error.ts"
import { readServed, servedStorage } from "#apiserver/registry/served-values.ts"
import type { ResourceInfo } from "#apiserver/resource.ts"
import { startWatch, type WatchDeps, type WatchRequest } from "./watch.ts"

/** A watch whose objects a webhook converts: it begins when those that are there have been. @returns stops it */
export function startServedWatch(
  deps: WatchDeps,
  info: ResourceInfo,
  request: WatchRequest,
  sink: BodySink,
): () => void {
  let stop = () => {}
  let ended = false
  const fail = (error: unknown) => {
    if (ended) return
    ended = true
    stop()
    const told = error instanceof StatusError ? error : internalError(String(error))
    sink.write(request.failure(told.status))
    sink.end()
  }
  const needed = () => (request.initial === "none" ? [] : deps.storage.list(request.selection.prefix))
  const start = () => {
    if (!ended) stop = startWatch({ ...deps, storage: servedStorage(deps.storage, info, fail) }, request, sink)
  }
  readServed(deps.storage, info, needed, start).catch(fail)
  return () => {
    ended = true
    stop()
  }
}
