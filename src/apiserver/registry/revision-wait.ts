import type { Clock } from "#lib/clock.ts"
import type { Storage } from "#apiserver/storage/storage.ts"
import { tooLargeResourceVersion } from "./list.ts"

/** How long a read waits for a revision that is still to come. Source: k8s.io/apiserver storage/cacher blockTimeout. */
const WAIT_MS = 3000

/** @throws StatusError Timeout when the revision does not come */
export function waitForRevision(storage: Storage, clock: Clock, revision: number): Promise<void> | undefined {
  if (revision <= storage.revision) return undefined
  return new Promise((resolve, reject) => {
    const watch = storage.watch("", storage.revision, () => {
      if (storage.revision < revision) return
      timer.cancel()
      watch.stop()
      resolve()
    })
    const timer = clock.setTimer(WAIT_MS, () => {
      watch.stop()
      reject(tooLargeResourceVersion(revision, storage.revision))
    })
  })
}
