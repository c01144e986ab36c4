/** What a cluster needs to know of the hub to join it. */
export type JoinAddress = { readonly server: string; readonly token: string }

/** The line that a person copies to the cluster that shall join. */
export function joinLine({ server, token }: JoinAddress): string {
  return `hawser join --hub-token ${token} --hub-apiserver ${server} --cluster-name <cluster_name>`
}
