/**
 * Makes src/apiserver/builtin/generated/ from the published Go module k8s.io/kubernetes and its siblings: which
 * resources a Kubernetes API server serves by default, their OpenAPI documents, protobuf field numbers, and the roles
 * that it creates when it starts. Needs Go and, the first time, the network.
 *
 *     node tools/generate-builtin/run.ts [VERSION]
 */
import { moduleDirectory } from "./go-module.ts"
import { readDiscovery } from "./discovery.ts"
import { readKinds, readOpenApiDocuments, readSwagger } from "./openapi.ts"
import { readColumns } from "./columns.ts"
import { readProtobufMessages } from "./protobuf.ts"
import { readBootstrapRoles } from "./bootstrap-roles.ts"
import { readShapes } from "./shapes.ts"
import { encodeSwagger } from "./swagger.ts"
import { openOutput } from "./output.ts"

/** The release that the embedded server follows. */
const VERSION_DEFAULT = "1.35.4"

const version = process.argv[2] ?? VERSION_DEFAULT
// Staging modules are published as v0.MINOR.PATCH of the release v1.MINOR.PATCH.
const stagingVersion = `v${version.replace(/^1\./, "0.")}`
const kubernetes = moduleDirectory(`k8s.io/kubernetes@v${version}`)
const staging = (name: string) => moduleDirectory(`k8s.io/${name}@${stagingVersion}`)

const output = openOutput(new URL("../../src/apiserver/builtin/generated/", import.meta.url))
const discovery = readDiscovery(kubernetes)
output.writeCompressed("resources.json", discovery.groups)

const documents = readOpenApiDocuments(kubernetes, discovery.groupVersions)
for (const [name, schemas] of documents.schemasByPackage) output.writeCompressed(`schemas/${name}.json`, schemas)
for (const [name, document] of documents.documents) {
  if (document.groupVersion) output.writeCompressed(`paths/${name.replaceAll("/", "__")}.json`, document.paths)
}
output.writeCompressed(
  "paths/roots.json",
  Object.fromEntries([...documents.documents].filter(([, d]) => !d.groupVersion).map(([name, d]) => [name, d.paths])),
)
const swagger = readSwagger(kubernetes, documents, { version: version.split(".").slice(0, 2).join(".") })
output.writeCompressed("swagger.json", swagger)
output.writeCompressed("swagger.pb", encodeSwagger(swagger))
output.writeCompressed(
  "protobuf.json",
  readProtobufMessages(
    {
      api: staging("api"),
      apimachinery: staging("apimachinery"),
      apiextensions: staging("apiextensions-apiserver"),
      aggregator: staging("kube-aggregator"),
    },
    documents.schemasByPackage,
  ),
)
output.writeCompressed("shapes.json", readShapes(stagingVersion, documents.schemasByPackage))
output.writeCompressed("kinds.json", readKinds(documents.schemasByPackage))
output.writeCompressed(
  "columns.json",
  readColumns(kubernetes, (path) => {
    const [, module, ...rest] = path.split("/")
    return [staging(module!), ...rest].join("/")
  }),
)
output.writeCompressed("bootstrap-roles.json", readBootstrapRoles(kubernetes))
output.writeCompressed("documents.json", documents.index)
output.writeHeader({
  source: `Go modules k8s.io/kubernetes v${version} and k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator} ${stagingVersion}`,
  generator: "tools/generate-builtin/run.ts",
  licence: "Apache-2.0, Copyright The Kubernetes Authors; see NOTICE",
  version,
})
console.log(output.summary())
