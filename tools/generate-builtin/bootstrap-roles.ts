import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseYamlDocuments } from "#lib/yaml.ts"

type RoleList = { items: { metadata: { namespace?: string } }[] }

const FILES = [
  "cluster-roles.yaml",
  "cluster-role-bindings.yaml",
  "controller-roles.yaml",
  "controller-role-bindings.yaml",
  "namespace-roles.yaml",
  "namespace-role-bindings.yaml",
]

/** Roles and bindings that a server creates when it starts, as its own tests record them. */
export function readBootstrapRoles(kubernetes: string): unknown[] {
  return FILES.flatMap((file) => {
    const path = join(kubernetes, "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata", file)
    const [list] = parseYamlDocuments(readFileSync(path, "utf8")) as RoleList[]
    return list!.items
  })
}
