import type { UnknownObject } from "#apimachinery/meta.ts"
import type { FieldError } from "#apimachinery/status-error.ts"
import * as policies from "./admission-policies.ts"
import { validateApiService } from "./api-services.ts"
import * as cluster from "./cluster.ts"
import * as configData from "./config-data.ts"
import * as events from "./events.ts"
import * as jobs from "./jobs.ts"
import * as networking from "./networking.ts"
import * as pods from "./pods.ts"
import * as rbac from "./rbac.ts"
import * as services from "./services.ts"
import * as storage from "./storage.ts"
import { validateWebhooks, validateWebhooksUpdate } from "./webhooks.ts"
import * as workloads from "./workloads.ts"

type Validate = (object: UnknownObject) => FieldError[]
type ValidateUpdate = (object: UnknownObject, before: UnknownObject) => FieldError[]

/** Checks of a new object and of a changed one; the second is the first when there is none of its own. */
const VALIDATIONS: {
  readonly [groupResource: string]: readonly [validate: Validate, validateUpdate?: ValidateUpdate]
} = {
  "/configmaps": [configData.validateConfigMap, configData.validateConfigMapUpdate],
  "/endpoints": [networking.validateEndpoints],
  "/events": [events.validateEvent],
  "/limitranges": [cluster.validateLimitRange],
  "/namespaces": [cluster.validateNamespace, cluster.validateNamespaceUpdate],
  "/nodes": [cluster.validateNode],
  "/persistentvolumeclaims": [storage.validateClaim, storage.validateClaimUpdate],
  "/persistentvolumes": [storage.validateVolume, storage.validateVolumeUpdate],
  "/pods": [pods.validatePod, pods.validatePodUpdate],
  "/resourcequotas": [cluster.validateResourceQuota],
  "/secrets": [configData.validateSecret, configData.validateSecretUpdate],
  "/services": [services.validateService, services.validateServiceUpdate],
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": [validateWebhooks, validateWebhooksUpdate],
  "admissionregistration.k8s.io/validatingwebhookconfigurations": [validateWebhooks, validateWebhooksUpdate],
  "admissionregistration.k8s.io/validatingadmissionpolicies": [policies.validatePolicy, policies.validatePolicyUpdate],
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": [policies.validatePolicyBinding],
  "apiregistration.k8s.io/apiservices": [validateApiService],
  "apps/daemonsets": [workloads.validateDaemonSet, workloads.validateDaemonSetUpdate],
  "apps/deployments": [workloads.validateDeployment, workloads.validateDeploymentUpdate],
  "apps/replicasets": [workloads.validateReplicaSet, workloads.validateReplicaSetUpdate],
  "apps/statefulsets": [workloads.validateStatefulSet, workloads.validateStatefulSetUpdate],
  "autoscaling/horizontalpodautoscalers": [cluster.validateAutoscaler],
  "batch/cronjobs": [jobs.validateCronJob, jobs.validateCronJobUpdate],
  "batch/jobs": [jobs.validateJob, jobs.validateJobUpdate],
  "coordination.k8s.io/leases": [cluster.validateLease],
  "discovery.k8s.io/endpointslices": [networking.validateEndpointSlice, networking.validateEndpointSliceUpdate],
  "events.k8s.io/events": [events.validateNewEvent, events.validateNewEventUpdate],
  "networking.k8s.io/ingresses": [networking.validateIngress],
  "networking.k8s.io/networkpolicies": [networking.validateNetworkPolicy],
  "policy/poddisruptionbudgets": [cluster.validateDisruptionBudget],
  "rbac.authorization.k8s.io/clusterrolebindings": [
    rbac.validateClusterRoleBinding,
    bindingUpdate(rbac.validateClusterRoleBinding),
  ],
  "rbac.authorization.k8s.io/clusterroles": [rbac.validateClusterRole],
  "rbac.authorization.k8s.io/rolebindings": [rbac.validateRoleBinding, bindingUpdate(rbac.validateRoleBinding)],
  "rbac.authorization.k8s.io/roles": [rbac.validateRole],
  "scheduling.k8s.io/priorityclasses": [cluster.validatePriorityClass, cluster.validatePriorityClassUpdate],
  "storage.k8s.io/storageclasses": [storage.validateStorageClass, storage.validateStorageClassUpdate],
}

function bindingUpdate(validate: Validate): ValidateUpdate {
  return (binding, before) => [...validate(binding), ...rbac.validateRoleRefUpdate(binding, before)]
}

/** The checks of a built-in kind; none for kinds that are kept as they come. */
export function validationOf(
  group: string,
  resource: string,
): { validate?: Validate; validateUpdate?: ValidateUpdate } {
  const found = VALIDATIONS[`${group}/${resource}`]
  return found === undefined ? {} : { validate: found[0], validateUpdate: found[1] ?? found[0] }
}
