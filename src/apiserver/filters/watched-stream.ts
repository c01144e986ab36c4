import type { BodyStream } from "#lib/http.ts"

/** The same stream. @param end  called once, when it is over or nobody listens any more */
export function watchedStream(body: BodyStream, end: () => void): BodyStream {
  return {
    start(sink) {
      let ended = false
      const endOnce = () => {
        if (!ended) end()
        ended = true
      }
      const stop = body.start({
        write: (chunk) => sink.write(chunk),
        end(error) {
          endOnce()
          sink.end(error)
        },
      })
      return () => {
        endOnce()
        stop()
      }
    },
  }
}
