import type { RequestInfo } from "#apiserver/request.ts"

const SUBRESOURCES: ReadonlySet<string> = new Set(["attach", "exec", "log", "portforward", "proxy"])

/** Requests that last as long as somebody listens: no deadline, and no place among those in flight. Source: kube-apiserver. */
export const isLongRunning = ({ isResource, verb, subresource }: RequestInfo) =>
  isResource && (verb === "watch" || verb === "proxy" || SUBRESOURCES.has(subresource))
