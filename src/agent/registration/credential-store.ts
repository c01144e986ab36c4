import type { Directory } from "#lib/directory.ts"
import { hasReason } from "#apimachinery/status-error.ts"
import type { Secret } from "#api/kubernetes/core.ts"
import { NAMESPACES, SECRETS } from "#api/kubernetes/core.ts"
import type { KubeClient } from "#kube/client.ts"
import { CREDENTIAL_FILES, formatCredentials, parseCredentials } from "./credentials.ts"
import type { CredentialFiles, HubCredentials } from "./credentials.ts"

/** Where an agent keeps its credentials over restarts. */
export interface CredentialStore {
  /** @returns undefined when there are none, or none that can be read */
  load(): Promise<HubCredentials | undefined>
  save(credentials: HubCredentials): Promise<void>
  /** Idempotent. */
  clear(): Promise<void>
}

/** Somebody joins the cluster anew: that it was detached is over, and what it was known by then with it. */
export async function endDetachment(store: CredentialStore): Promise<void> {
  const stored = await store.load()
  if (stored?.detached !== undefined) await store.clear()
}

export function memoryCredentialStore(): CredentialStore {
  let stored: HubCredentials | undefined
  return {
    load: async () => stored,
    async save(credentials) {
      stored = credentials
    },
    async clear() {
      stored = undefined
    },
  }
}

/** Files as in OCM's `--hub-kubeconfig-dir`, so that kubectl can use the kubeconfig too. */
export function directoryCredentialStore(directory: Directory): CredentialStore {
  return {
    async load() {
      const contents = await Promise.all(
        CREDENTIAL_FILES.map(async (name) => [name, await directory.read(name)] as const),
      )
      return parseCredentials(
        Object.fromEntries(
          contents.flatMap(([name, content]) => (content ? [[name, Buffer.from(content).toString()]] : [])),
        ),
      )
    },
    async save(credentials) {
      // One by one: a crash in between leaves a key that does not fit, and the agent joins anew.
      for (const [name, content] of Object.entries(formatCredentials(credentials))) await directory.write(name, content)
    },
    async clear() {
      for (const name of CREDENTIAL_FILES) await directory.remove(name)
    },
  }
}

export const AGENT_NAMESPACE = "open-cluster-management-agent"
export const HUB_KUBECONFIG_SECRET = "hub-kubeconfig-secret"

/** The Secret that OCM's agents use, on the member. Creates the namespace when it is missing. */
export function secretCredentialStore(
  client: KubeClient,
  namespace = AGENT_NAMESPACE,
  name = HUB_KUBECONFIG_SECRET,
): CredentialStore {
  const secretOf = (credentials: HubCredentials): Secret => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name },
    type: "Opaque",
    data: encoded(formatCredentials(credentials)),
  })
  const create = async (secret: Secret) => {
    try {
      await client.create(SECRETS, secret)
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error
      await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
      await client.create(SECRETS, secret)
    }
  }
  return {
    async load() {
      try {
        const { data = {} } = await client.get(SECRETS, { namespace, name })
        const files = CREDENTIAL_FILES.flatMap((file) => {
          const content = data[file]
          return content === undefined ? [] : [[file, Buffer.from(content, "base64").toString()]]
        })
        return parseCredentials(Object.fromEntries(files) as Partial<CredentialFiles>)
      } catch (error) {
        if (hasReason(error, "NotFound")) return undefined
        throw new Error(`Cannot read Secret "${namespace}/${name}"`, { cause: error })
      }
    },
    async save(credentials) {
      const secret = secretOf(credentials)
      try {
        await client.patch(SECRETS, { namespace, name }, { merge: { data: secret.data } })
      } catch (error) {
        if (!hasReason(error, "NotFound"))
          throw new Error(`Cannot write Secret "${namespace}/${name}"`, { cause: error })
        await create(secret)
      }
    },
    async clear() {
      await client.delete(SECRETS, { namespace, name }).catch((error: unknown) => {
        if (!hasReason(error, "NotFound")) throw error
      })
    },
  }
}

function encoded(files: CredentialFiles): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString("base64")]))
}
