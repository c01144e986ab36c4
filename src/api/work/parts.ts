// Names for the parts of works that programs pass around.
import type { AppliedManifestWork, ManifestWork } from "./v1.ts"

type Spec = ManifestWork["spec"]

export type ManifestWorkStatus = NonNullable<ManifestWork["status"]>
export type DeleteOption = NonNullable<Spec["deleteOption"]>
export type ManifestConfigOption = NonNullable<Spec["manifestConfigs"]>[number]
export type ResourceIdentifier = ManifestConfigOption["resourceIdentifier"]
export type UpdateStrategy = NonNullable<ManifestConfigOption["updateStrategy"]>
export type FeedbackRule = NonNullable<ManifestConfigOption["feedbackRules"]>[number]
export type ConditionRule = NonNullable<ManifestConfigOption["conditionRules"]>[number]

/** What the agent reports of one manifest. */
export type ManifestCondition = NonNullable<NonNullable<ManifestWorkStatus["resourceStatus"]>["manifests"]>[number]
export type ManifestResourceMeta = ManifestCondition["resourceMeta"]
export type FeedbackValue = NonNullable<NonNullable<ManifestCondition["statusFeedback"]>["values"]>[number]
export type FieldValue = FeedbackValue["fieldValue"]

/** An object on the member, as an AppliedManifestWork records it. */
export type AppliedResource = NonNullable<NonNullable<AppliedManifestWork["status"]>["appliedResources"]>[number]
