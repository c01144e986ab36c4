// Source: k8s.io/kubernetes pkg/apis/core/validation: ValidateVolumes, validateVolumeSource.
import { duplicateField, forbiddenField, invalidField, requiredField } from "#apimachinery/field-errors.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import { findObject, itemsIn, numberIn, textIn } from "#apiserver/builtin/fields.ts"
import type { Json } from "#apiserver/builtin/fields.ts"
import { dnsLabel } from "./checks.ts"

const FILE_MODE_MAX = 0o777
const FILE_MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive"

/** Sources in the order in which upstream looks at them: the second one found is the one too many. */
const SOURCES = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flexVolume",
  "configMap",
  "rbd",
  "persistentVolumeClaim",
  "cinder",
  "cephfs",
  "flocker",
  "downwardAPI",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "projected",
  "portworxVolume",
  "scaleIO",
  "storageos",
  "csi",
  "ephemeral",
  "image",
]

export function validateVolumes(volumes: readonly Json[], path: string): FieldError[] {
  const names = new Set<string>()
  return volumes.flatMap((volume, i) => {
    const field = `${path}[${i}]`
    const name = textIn(volume, "name")
    const errors = validateSource(volume, field)
    const wrongName = dnsLabel(`${field}.name`, name)
    errors.push(...wrongName)
    if (wrongName.length === 0 && names.has(name)) errors.push(duplicateField(`${field}.name`, name))
    names.add(name)
    return errors
  })
}

function validateSource(volume: Json, path: string): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  for (const type of SOURCES) {
    const source = findObject(volume, type)
    if (source === undefined) continue
    if (count > 0) errors.push(forbiddenField(`${path}.${type}`, "may not specify more than 1 volume type"))
    else errors.push(...(VALIDATIONS[type]?.(source, `${path}.${type}`) ?? []))
    count++
  }
  return errors
}

const required =
  (...names: readonly string[]) =>
  (source: Json, path: string): FieldError[] =>
    names.filter((name) => textIn(source, name) === "").map((name) => requiredField(`${path}.${name}`))

function validateKeys(source: Json, path: string): FieldError[] {
  const mode = numberIn(source, "defaultMode")
  const errors: FieldError[] =
    mode < 0 || mode > FILE_MODE_MAX ? [invalidField(`${path}.defaultMode`, mode, FILE_MODE_RULE)] : []
  for (const [i, item] of itemsIn(source, "items").entries()) {
    const field = `${path}.items[${i}]`
    const target = textIn(item, "path")
    if (textIn(item, "key") === "") errors.push(requiredField(`${field}.key`))
    if (target === "") errors.push(requiredField(`${field}.path`))
    else if (target.startsWith("/")) errors.push(invalidField(`${field}.path`, target, "must be a relative path"))
    else if (target.split("/").includes(".."))
      errors.push(invalidField(`${field}.path`, target, "must not contain '..'"))
  }
  return errors
}

const VALIDATIONS: { readonly [type: string]: (source: Json, path: string) => FieldError[] } = {
  hostPath: required("path"),
  nfs: required("server", "path"),
  persistentVolumeClaim: required("claimName"),
  csi: required("driver"),
  secret: (source, path) => [...required("secretName")(source, path), ...validateKeys(source, path)],
  configMap: (source, path) => [...required("name")(source, path), ...validateKeys(source, path)],
}
