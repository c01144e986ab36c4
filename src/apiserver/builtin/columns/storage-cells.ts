import type { UnknownObject } from "#apimachinery/meta.ts"
import { at, findObject, itemsIn, listIn, objectIn, textIn } from "#apiserver/builtin/fields.ts"
import { countAt, NONE, textAt, UNSET, valueAt } from "./cells.ts"
import type { Cells } from "./cells.ts"

const MODES: readonly (readonly [mode: string, short: string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
]

function modesText(modes: readonly unknown[]): string {
  return MODES.filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(",")
}

/** The class was an annotation before it was a field. */
const BETA_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"

const classOf = (object: UnknownObject) =>
  object.metadata.annotations?.[BETA_CLASS_ANNOTATION] ?? textIn(object["spec"], "storageClassName")

const phaseOf = (object: UnknownObject) =>
  object.metadata.deletionTimestamp === undefined ? textIn(object["status"], "phase") : "Terminating"

const isBound = (claim: UnknownObject) => textIn(claim["spec"], "volumeName") !== ""

const DEFAULT_CLASS_ANNOTATIONS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
]

export const STORAGE_CELLS: { readonly [kind: string]: Cells } = {
  PersistentVolume: {
    Capacity: textAt("spec.capacity.storage", "0"),
    "Access Modes": (volume) => modesText(listIn(volume["spec"], "accessModes")),
    "Reclaim Policy": textAt("spec.persistentVolumeReclaimPolicy"),
    Status: phaseOf,
    Claim: (volume) => {
      const claim = findObject(volume["spec"], "claimRef")
      return claim === undefined ? "" : `${textIn(claim, "namespace")}/${textIn(claim, "name")}`
    },
    StorageClass: classOf,
    VolumeAttributesClass: valueAt("spec.volumeAttributesClassName", UNSET),
    Reason: textAt("status.reason"),
    VolumeMode: valueAt("spec.volumeMode", UNSET),
  },
  PersistentVolumeClaim: {
    Status: phaseOf,
    Volume: textAt("spec.volumeName"),
    Capacity: (claim) => (isBound(claim) ? String(at(claim, "status", "capacity", "storage") ?? "0") : ""),
    "Access Modes": (claim) => (isBound(claim) ? modesText(listIn(claim["status"], "accessModes")) : ""),
    StorageClass: classOf,
    VolumeAttributesClass: valueAt("spec.volumeAttributesClassName", UNSET),
    VolumeMode: valueAt("spec.volumeMode", UNSET),
  },
  StorageClass: {
    Name: (storageClass) => {
      const isDefault = DEFAULT_CLASS_ANNOTATIONS.some((a) => storageClass.metadata.annotations?.[a] === "true")
      return `${storageClass.metadata.name ?? ""}${isDefault ? " (default)" : ""}`
    },
    Provisioner: textAt("provisioner"),
    ReclaimPolicy: textAt("reclaimPolicy", "Delete"),
    VolumeBindingMode: textAt("volumeBindingMode", "Immediate"),
    AllowVolumeExpansion: valueAt("allowVolumeExpansion", false),
  },
  VolumeAttributesClass: { DriverName: textAt("driverName") },
  VolumeAttachment: {
    Attacher: textAt("spec.attacher"),
    PV: textAt("spec.source.persistentVolumeName"),
    Node: textAt("spec.nodeName"),
    Attached: valueAt("status.attached", false),
  },
  CSINode: { Drivers: countAt("spec.drivers") },
  CSIDriver: {
    AttachRequired: valueAt("spec.attachRequired", true),
    PodInfoOnMount: valueAt("spec.podInfoOnMount", false),
    StorageCapacity: valueAt("spec.storageCapacity", false),
    TokenRequests: (driver) => {
      if (objectIn(driver, "spec")["tokenRequests"] === undefined) return UNSET
      return itemsIn(driver["spec"], "tokenRequests")
        .map((r) => textIn(r, "audience"))
        .join(",")
    },
    RequiresRepublish: valueAt("spec.requiresRepublish", false),
    Modes: (driver) => listIn(driver["spec"], "volumeLifecycleModes").join(",") || NONE,
  },
  CSIStorageCapacity: { StorageClassName: textAt("storageClassName"), Capacity: textAt("capacity", UNSET) },
}
