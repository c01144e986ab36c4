// OCM's admission rules as policies, for hubs on any Kubernetes: no webhook has to run for them, and none that is away
// blocks a write (docs/adr/0006). A hub on the embedded server has the same rules in process (cmd/hub-admission.ts).
import { CLUSTER_GROUP, CLUSTER_SET_LABEL } from "#api/cluster/names.ts"
import { WORK_GROUP, WORK_NAME_LENGTH_MAX } from "#api/work/names.ts"
import type { KubeObject } from "#apimachinery/meta.ts"
import { admissionPolicy, celText, forbid, invalid } from "./admission-policy.ts"

const REGISTER_GROUP = "register.open-cluster-management.io"

export function admissionPolicies(): KubeObject[] {
  return [...clusterPolicy(), ...bindingPolicy(), ...workPolicy()]
}

const USER = `"user \\"" + request.userInfo.username + "\\""`
const mayDo = (group: string, resource: string, subresource: string, name: string, verb: string) =>
  `authorizer.group(${celText(group)}).resource(${celText(resource)}).subresource(${celText(subresource)}).name(${name}).check(${celText(verb)}).allowed()`
const mayJoin = (set: string) => mayDo(CLUSTER_GROUP, "managedclustersets", "join", set, "create")

/** Who lets a cluster in or moves it between sets may do so; its name and addresses are good. */
function clusterPolicy(): KubeObject[] {
  const setOf = (object: string) => `${object}.metadata.?labels[?${celText(CLUSTER_SET_LABEL)}].orValue("")`
  const changesSet = (set: string) => `(${set} == "" || ${mayJoin(set)})`
  return admissionPolicy({
    name: "managedclusters.open-cluster-management.io",
    rules: [{ group: CLUSTER_GROUP, resource: "managedclusters", operations: ["CREATE", "UPDATE"] }],
    variables: [
      { name: "name", expression: `object.metadata.?name.orValue("")` },
      { name: "from", expression: `oldObject == null ? "" : ${setOf("oldObject")}` },
      { name: "to", expression: setOf("object") },
      {
        name: "isLetIn",
        expression: `object.?spec.?hubAcceptsClient.orValue(false) && (oldObject == null || !oldObject.?spec.?hubAcceptsClient.orValue(false))`,
      },
      {
        name: "addresses",
        expression: `object.?spec.?managedClusterClientConfigs.orValue([]).map(c, c.url)`,
      },
      { name: "taintsBefore", expression: `oldObject == null ? [] : oldObject.?spec.?taints.orValue([])` },
    ],
    validations: [
      invalid(
        `variables.name == "" || (size(variables.name) <= 63 && variables.name.matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))`,
        `"metadata.name format is not correct: \\"" + variables.name + "\\" is no DNS label"`,
      ),
      invalid(
        `variables.addresses.all(u, isURL(u) && url(u).getScheme() == "https")`,
        `"url is invalid in client configs: want https, in " + variables.addresses.join(", ")`,
      ),
      forbid(
        `!variables.isLetIn || ${mayDo(REGISTER_GROUP, "managedclusters", "accept", "variables.name", "update")}`,
        `${USER} + " cannot update the HubAcceptsClient field"`,
      ),
      ...(["from", "to"] as const).map((set) =>
        forbid(
          `variables.from == variables.to || ${changesSet(`variables.${set}`)}`,
          `${USER} + " cannot add/remove a ManagedCluster to/from ManagedClusterSet \\"" + variables.${set} + "\\""`,
        ),
      ),
      // When a taint was added is not for clients to say; tolerations count from it.
      invalid(
        `object.?spec.?taints.orValue([]).all(t, variables.taintsBefore.all(b, b.key != t.key || b.effect != t.effect || b.?value.orValue("") != t.?value.orValue("") || b.?timeAdded.orValue(null) == null || b.?timeAdded == t.?timeAdded))`,
        `"It is not allowed to set TimeAdded of Taint."`,
      ),
    ],
  })
}

/** A binding has its set's name, and is made by those who may bind the set. */
function bindingPolicy(): KubeObject[] {
  return admissionPolicy({
    name: "managedclustersetbindings.open-cluster-management.io",
    rules: [{ group: CLUSTER_GROUP, resource: "managedclustersetbindings", operations: ["CREATE", "UPDATE"] }],
    variables: [{ name: "set", expression: `object.?spec.?clusterSet.orValue("")` }],
    validations: [
      invalid(
        `object.metadata.?name.orValue("") == variables.set`,
        `"The ManagedClusterSetBinding must have the same name as the target ManagedClusterSet"`,
      ),
      forbid(
        `oldObject != null || ${mayDo(CLUSTER_GROUP, "managedclustersets", "bind", "variables.set", "create")}`,
        `${USER} + " is not allowed to bind cluster set \\"" + variables.set + "\\""`,
      ),
    ],
  })
}

/** Beyond so many manifests a comparison of each with each costs more than a policy may. */
const COMPARED_MAX = 100

/** What a work brings is complete, and who names an executor may act as it. How large it is CEL cannot say. */
function workPolicy(): KubeObject[] {
  const account = `variables.executor.?subject.?serviceAccount`
  return admissionPolicy({
    name: "manifestworks.open-cluster-management.io",
    rules: [{ group: WORK_GROUP, resource: "manifestworks", operations: ["CREATE", "UPDATE"] }],
    // What agents and controllers change of a work that stays as it is costs nothing.
    matchConditions: [
      { name: "spec", expression: `oldObject == null || object.?spec.orValue({}) != oldObject.?spec.orValue({})` },
    ],
    variables: [
      { name: "manifests", expression: `object.?spec.?workload.?manifests.orValue([])` },
      { name: "executor", expression: `object.?spec.?executor.orValue({})` },
      {
        name: "isNewExecutor",
        expression: `variables.executor != {} && (oldObject == null || oldObject.?spec.?executor.orValue({}) != variables.executor)`,
      },
      {
        name: "account",
        expression: `${account}.?namespace.orValue("") + ":" + ${account}.?name.orValue("")`,
      },
      {
        name: "ids",
        expression: `size(variables.manifests) > ${COMPARED_MAX} ? [] : variables.manifests.map(m, m.?apiVersion.orValue("") + " " + m.?kind.orValue("") + " " + m.?metadata.?namespace.orValue("") + "/" + m.?metadata.?name.orValue(""))`,
      },
    ],
    validations: [
      invalid(
        `oldObject != null || size(object.metadata.?name.orValue("")) <= ${WORK_NAME_LENGTH_MAX}`,
        `"the name has " + string(size(object.metadata.name)) + " characters, want at most ${WORK_NAME_LENGTH_MAX}"`,
      ),
      invalid(`size(variables.manifests) > 0`, `"Workload manifests should not be empty"`),
      invalid(`variables.manifests.all(m, m.?metadata.?name.orValue("") != "")`, `"name must be set in manifest"`),
      invalid(
        `variables.manifests.all(m, m.?metadata.?generateName.orValue("") == "")`,
        `"generateName must not be set in manifest"`,
      ),
      invalid(
        `variables.ids.all(id, variables.ids.filter(other, other == id).size() == 1)`,
        `"manifests must not be duplicated: " + variables.ids.filter(id, variables.ids.filter(other, other == id).size() > 1)[0]`,
      ),
      invalid(`!variables.isNewExecutor || ${account}.hasValue()`, `"executor service account can not be nil"`),
      forbid(
        `!variables.isNewExecutor || authorizer.group(${celText(WORK_GROUP)}).resource("manifestworks").namespace(request.namespace).name("system:serviceaccount:" + variables.account).check("execute-as").allowed()`,
        `"user " + request.userInfo.username + " cannot manipulate the Manifestwork with executor " + variables.account.replace(":", "/") + " in namespace " + request.namespace`,
      ),
    ],
  })
}
