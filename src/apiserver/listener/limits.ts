const MEGABYTE = 1024 * 1024

/** What those who connect may take of the process, before anybody knows who they are. */
export type ListenerLimits = {
  /** Bytes of one body: 413. Source: kube-apiserver's default. */
  readonly bodyBytesMax: number
  /** Bodies of requests that are not answered yet, together: 429. Small ones pass up to twice as much. */
  readonly arrivingBytesMax: number
  /** Large answers and events of watches that have not been taken yet, together: further large ones and watches are 429. */
  readonly leavingBytesMax: number
  /** How long a request may arrive, head and body: 504, or 408 for HTTP/1.1. */
  readonly arrivalMs: number
  /** How long of an answer, or of the events of a watch, nothing may be taken: it is broken off. */
  readonly stalledMs: number
  /** How long a connection may have nothing to do: ended. Source: kube-apiserver. */
  readonly idleMs: number
  /** Connections at a time: further ones are closed. */
  readonly connectionsMax: number
  /** Requests and watches of HTTP/2 that are open on all connections: further ones are refused by the protocol. */
  readonly openMax: number
}

export const LISTENER_LIMITS: ListenerLimits = {
  bodyBytesMax: 3 * MEGABYTE,
  arrivingBytesMax: 256 * MEGABYTE,
  leavingBytesMax: 512 * MEGABYTE,
  arrivalMs: 60_000,
  stalledMs: 60_000,
  idleMs: 90_000,
  connectionsMax: 10_000,
  openMax: 100_000,
}

/** Bodies and answers up to this are not worth counting one by one. */
export const SMALL_BYTES = 64 * 1024

/** What is held for all requests together. */
export type Ledger = {
  arrivingBytes: number
  leavingBytes: number
  open: number
}
