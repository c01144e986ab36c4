// Files that a release bundle keeps beside it instead of finding them in the source tree.
import { setGeneratedDirectory } from "#apiserver/builtin/generated-data.ts"

const bundled = import.meta.url.endsWith("/hawser.mjs")

if (bundled) setGeneratedDirectory(new URL("./generated/", import.meta.url))

/** The storage thread's entry; undefined in the source tree, where the engine knows its own. */
export const storageWorkerUrl: URL | undefined = bundled ? new URL("./sqlite-worker.mjs", import.meta.url) : undefined
