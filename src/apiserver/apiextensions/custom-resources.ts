import { apiVersionOf } from "#apimachinery/gvk.ts"
import { findJsonPath, parseJsonPath } from "#apimachinery/jsonpath.ts"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { clone } from "#apimachinery/json.ts"
import type { KindSchema } from "#apimachinery/openapi.ts"
import { newStatusError } from "#apimachinery/status-error.ts"
import type { RemoteConversion, ResourceInfo, Strategy, SubresourceInfo } from "#apiserver/resource.ts"
import { customColumns } from "./custom-columns.ts"
import { compareVersions } from "#apiserver/discovery/groups.ts"
import { bring, readBySchema } from "./served-form.ts"
import type { CustomResourceDefinition, DefinitionVersion } from "./definition.ts"
import { validateScale } from "./scale-validation.ts"

/** In the order in which discovery of custom resources lists them. */
const VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
const SUBRESOURCE_VERBS = ["get", "patch", "update"]

/** Every served version of a definition, as its names were accepted. */
export function customResources(
  definition: CustomResourceDefinition,
  convert: ConversionOf = () => undefined,
): ResourceInfo[] {
  const infos = definition.spec.versions
    .filter((v) => v.served)
    .map((version) => newCustomResource(definition, version))
  const remote = convert(definition)
  if (remote === undefined) return infos
  const bySchema = convertedBySchema(definition, remote)
  return infos.map(({ convert: _, ...info }) => ({ ...info, remote: bySchema }))
}

/** What a webhook has converted, and what it had not to, is read as the version's schema has it. */
function convertedBySchema(definition: CustomResourceDefinition, remote: RemoteConversion): RemoteConversion {
  const { group, versions } = definition.spec
  const byApiVersion = new Map(
    versions.map((version) => {
      const read = { group, version: version.name, schema: kindSchemaOf(version) }
      return [apiVersionOf(read), read] as const
    }),
  )
  return {
    async convert(objects, apiVersion, listKind) {
      const converted = (await remote.convert(objects, apiVersion, listKind)).map(clone)
      for (const object of converted) bring(object, byApiVersion.get(apiVersion)!)
      return converted
    },
  }
}

/** Who converts the objects of a definition; undefined where only their version is renamed. */
export type ConversionOf = (definition: CustomResourceDefinition) => RemoteConversion | undefined

function newCustomResource(definition: CustomResourceDefinition, version: DefinitionVersion): ResourceInfo {
  const { group, scope, versions } = definition.spec
  const names = { ...definition.spec.names, ...definition.status?.acceptedNames }
  const stored = versions.find((v) => v.storage) ?? version
  const { scale } = version.subresources ?? {}
  const schema = kindSchemaOf(version)
  return {
    group,
    version: version.name,
    resource: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: scope === "Namespaced",
    verbs: VERBS,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    subresources: subresourcesOf(names.kind, version),
    custom: true,
    storage: { group, resource: names.plural, version: stored.name },
    schema: () => schema,
    strategy: strategyOf(definition, version),
    columns: customColumns(version),
    selectableFields: selectableFieldsOf(version),
    // A first definition with one version was the schema of everything that is stored: bytes are answers.
    ...(versions.length === 1 && (definition.metadata.generation ?? 1) === 1
      ? {}
      : {
          convert: readBySchema(
            { group, version: version.name, schema },
            { group, version: stored.name, schema: kindSchemaOf(stored) },
          ),
        }),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            spec: scale.specReplicasPath,
            status: scale.statusReplicasPath,
            ...(scale.labelSelectorPath === undefined ? {} : { selector: scale.labelSelectorPath }),
          },
        }),
  }
}

function kindSchemaOf(version: DefinitionVersion): KindSchema | undefined {
  const schema = version.schema?.openAPIV3Schema
  if (schema === undefined) return undefined
  return {
    schema,
    resolve(ref) {
      throw new Error(`Cannot resolve ${ref}: schemas of custom resources have no references`)
    },
  }
}

function subresourcesOf(kind: string, version: DefinitionVersion): SubresourceInfo[] {
  const { status, scale } = version.subresources ?? {}
  return [
    ...(status === undefined ? [] : [{ name: "status", kind, verbs: SUBRESOURCE_VERBS }]),
    ...(scale === undefined
      ? []
      : [{ name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: SUBRESOURCE_VERBS }]),
  ]
}

function strategyOf(definition: CustomResourceDefinition, version: DefinitionVersion): Strategy {
  const statusSubresource = version.subresources?.status !== undefined
  const isTerminating = definition.metadata.deletionTimestamp !== undefined
  const deprecation = deprecationOf(definition, version)
  const scale = version.subresources?.scale
  const scaled = (object: UnknownObject) => (scale === undefined ? [] : validateScale(scale, object))
  return {
    generation: "spec",
    statusSubresource,
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    deleteReturnsObject: false,
    ...(scale === undefined ? {} : { validate: scaled, validateUpdate: scaled }),
    ...(statusSubresource
      ? {
          prepareForCreate(object: UnknownObject) {
            delete object["status"]
          },
        }
      : {}),
    ...(isTerminating ? { admit: (_, before) => (before === undefined ? refuseCreation() : undefined) } : {}),
    ...(deprecation === undefined ? {} : { deprecation }),
  }
}

/** Instances of a definition that is going away would be deleted at once, or be left behind. */
function refuseCreation() {
  return newStatusError("MethodNotAllowed", "create not allowed while custom resource definition is terminating")
}

function deprecationOf({ spec }: CustomResourceDefinition, version: DefinitionVersion): string | undefined {
  if (version.deprecated !== true) return undefined
  const apiVersion = apiVersionOf({ group: spec.group, version: version.name })
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const newer = newerVersion(spec.versions, version.name)
  const instead =
    newer === undefined ? "" : `; use ${apiVersionOf({ group: spec.group, version: newer })} ${spec.names.kind}`
  return `${apiVersion} ${spec.names.kind} is deprecated${instead}`
}

/** The version to move to: the first by priority that is served, is not deprecated, and comes before this one. */
function newerVersion(versions: readonly DefinitionVersion[], name: string): string | undefined {
  const byPriority = versions.toSorted((a, b) => compareVersions(a.name, b.name))
  const better = byPriority.slice(
    0,
    byPriority.findIndex((version) => version.name === name),
  )
  return better.find((version) => version.served && version.deprecated !== true)?.name
}

function selectableFieldsOf(version: DefinitionVersion): ResourceInfo["selectableFields"] {
  const fields = new Map<string, (object: UnknownObject) => string>()
  for (const { jsonPath } of version.selectableFields ?? []) {
    const path = parseJsonPath(jsonPath)
    fields.set(jsonPath.replace(/^\./, ""), (object) => {
      const value = findJsonPath(path, object)[0]
      return value === undefined || value === null ? "" : String(value)
    })
  }
  return fields
}
