import type { KubeClient } from "#kube/client.ts"
import { runReflector } from "#kube/reflector.ts"
import type { Runtime } from "#runtime/controller.ts"
import { slim } from "./member-objects.ts"
import type { ObjectSource } from "./member-objects.ts"

/**
 * Follows a type on a member that is reached over the network, and keeps nothing by itself: an informer would hold
 * every ConfigMap of the cluster for the few that are ours.
 */
export function watchSource(runtime: Runtime, client: KubeClient): ObjectSource {
  return {
    open(type, sink) {
      const stop = new AbortController()
      void runReflector({
        client,
        type,
        clock: runtime.clock,
        random: runtime.random,
        log: runtime.log,
        signal: AbortSignal.any([stop.signal, runtime.signal]),
        sink: {
          replace: (objects) => sink.replace(objects.filter((object) => sink.wants(object)).map(slim)),
          changed: (object) => {
            if (sink.wants(object)) sink.seen(slim(object), object.metadata.managedFields)
          },
          deleted: (object) => sink.gone(object),
        },
      })
      return { close: () => stop.abort() }
    },
  }
}
