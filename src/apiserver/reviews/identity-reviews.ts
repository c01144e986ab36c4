import { formatTime } from "#lib/clock.ts"
import { describeError } from "#lib/log.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { badRequest } from "#apimachinery/status-error.ts"
import type { TokenReviewer } from "#apiserver/authentication/authenticator.ts"
import type { TokenIdentity } from "#apiserver/authentication/token.ts"
import { objectIn, textIn } from "#apiserver/builtin/fields.ts"
import type { VirtualResource } from "#apiserver/virtual.ts"
import { answer, textsIn, userInfoOf } from "./answer.ts"

const GROUP = "authentication.k8s.io"

/** The reviews that tell who someone is. Source: authentication.k8s.io/v1. */
export function identityReviews(reviewer: TokenReviewer): VirtualResource[] {
  return [
    { group: GROUP, resource: "tokenreviews", create: ({ object }) => reviewWhenReady(reviewer, object) },
    {
      group: GROUP,
      resource: "selfsubjectreviews",
      create: ({ user, nowMs }) => {
        const status = { userInfo: userInfoOf(user) }
        return answer(GROUP, "SelfSubjectReview", { creationTimestamp: formatTime(nowMs) }, { status })
      },
    },
  ]
}

function reviewWhenReady(reviewer: TokenReviewer, object: UnknownObject): UnknownObject | Promise<UnknownObject> {
  const ready = reviewer.tokenReady?.(textIn(objectIn(object, "spec"), "token"))
  return ready === undefined ? reviewToken(reviewer, object) : ready.then(() => reviewToken(reviewer, object))
}

function reviewToken(reviewer: TokenReviewer, object: UnknownObject): UnknownObject {
  const spec = objectIn(object, "spec")
  const token = textIn(spec, "token")
  if (token === "") throw badRequest("token is required for TokenReview in authentication")
  let identity: TokenIdentity | undefined
  let problem = "invalid bearer token"
  try {
    identity = reviewer.authenticateToken(token, textsIn(spec, "audiences"))
  } catch (error) {
    problem = `[invalid bearer token, ${describeError(error)}]`
  }
  const status =
    identity === undefined
      ? { user: {}, error: problem }
      : { authenticated: true, user: userInfoOf(identity.user), audiences: identity.audiences }
  return answer(GROUP, "TokenReview", {}, { spec, status })
}
