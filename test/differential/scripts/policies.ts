// Validating admission policies: what they must be, and what they do.
import { as, configMap, del, get, patch, post, put, type Script, type Step } from "../script.ts"

const POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
const BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
const MAPS = "/api/v1/namespaces/{{ns}}/configmaps"

type Spec = { readonly [field: string]: unknown }

const EVERY_MAP = {
  resourceRules: [
    { apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE", "UPDATE"] },
  ],
}
const policy = (name: string, spec: Spec) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name },
  spec: { matchConstraints: EVERY_MAP, ...spec },
})
const binding = (name: string, spec: Spec) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  metadata: { name },
  spec: { policyName: name, validationActions: ["Deny"], ...spec },
})

const refused = { pick: ["kind", "reason", "message", "details.causes"] }
const valid = [{ expression: "true" }]

/** Policies that cannot be, by what is wrong with them. */
const BAD: Readonly<Record<string, Spec>> = {
  nothing: { matchConstraints: null },
  "no rules": { matchConstraints: {}, validations: valid },
  "bad matching": {
    matchConstraints: {
      matchPolicy: "Sometimes",
      namespaceSelector: { matchExpressions: [{ key: "a", operator: "Near" }] },
      objectSelector: { matchLabels: { "a b": "c" } },
      resourceRules: [{ apiGroups: [], apiVersions: [""], resources: ["pods", "*"], operations: ["READ"], scope: "X" }],
      excludeResourceRules: [{ resourceNames: ["a", "a", "b/c"] }],
    },
    validations: valid,
  },
  "bad failure policy": { failurePolicy: "Maybe", validations: valid },
  "bad param kind": { paramKind: { apiVersion: "a/b/c", kind: "K k" }, validations: valid },
  "odd param kind": { paramKind: { apiVersion: "A_/V1", kind: "" }, validations: valid },
  "no param kind": { paramKind: {}, validations: valid },
  "empty parts": {
    validations: [{ expression: " ", message: " ", messageExpression: " ", reason: "Because" }],
    auditAnnotations: [{ key: "", valueExpression: " " }],
    variables: [{ name: "", expression: "" }],
    matchConditions: [{ name: "", expression: "" }],
  },
  "of another type": {
    validations: [{ expression: "1", messageExpression: "2" }],
    auditAnnotations: [{ key: "a", valueExpression: "3" }],
    matchConditions: [{ name: "a", expression: "[4]" }],
  },
  "that do not compile": {
    validations: [{ expression: "object.", messageExpression: "nobody" }],
    auditAnnotations: [{ key: "a", valueExpression: "'x" }],
    variables: [{ name: "v", expression: "w" }],
    matchConditions: [{ name: "a", expression: "params == null" }],
  },
  "lines in a message": { validations: [{ expression: "true", message: "a\nb" }] },
  "annotation twice": {
    auditAnnotations: [
      { key: "a", valueExpression: "'x'" },
      { key: "a", valueExpression: "null" },
      { key: "b c", valueExpression: "'x'" },
    ],
  },
  "variables in a wrong order": {
    variables: [
      { name: "a", expression: "variables.b" },
      { name: "b", expression: "1" },
      { name: "in", expression: "1" },
      { name: "c", expression: "variables.b + 'x'" },
    ],
    validations: [{ expression: "variables.c == 1" }, { expression: "variables.b" }, { expression: "variables.d" }],
  },
  "unknown parts of the request": {
    validations: [
      { expression: "request.object == null" },
      { expression: "request.userInfo.name == ''" },
      { expression: "namespaceObject.metadata.managedFields == []" },
      { expression: "authorizer.name" },
      { expression: "authorizer.group('').check('get').allowed()" },
      { expression: "true", messageExpression: "authorizer.path('/x').check('get').reason()" },
    ],
  },
}

const BAD_BINDINGS: Readonly<Record<string, Spec>> = {
  nothing: { policyName: "", validationActions: null },
  "bad name": { policyName: "A_b" },
  "bad actions": { validationActions: ["Deny", "Warn", "Audit", "Audit", "Shout"] },
  "no actions": { validationActions: [] },
  "empty param": { paramRef: {} },
  "both name and selector": {
    paramRef: { name: "a", selector: { matchLabels: { a: "b" } }, parameterNotFoundAction: "Maybe" },
  },
  "bad param": {
    paramRef: { name: "a/b", namespace: "c", parameterNotFoundAction: "Deny" },
    matchResources: { resourceRules: [{}] },
  },
}

const of = (apiGroup: string, ...resources: readonly string[]) => ({
  resourceRules: [{ apiGroups: [apiGroup], apiVersions: ["v1"], resources, operations: ["*"] }],
})

/** Policies whose expressions look for what their kinds do not have, and some that are right. */
const TYPED: Readonly<Record<string, Spec>> = {
  "typed-map": {
    validations: [
      { expression: "object.datas.a == 'x'" },
      { expression: "object.data.a == 1" },
      {
        expression:
          "object.metadata.labels.a == 'x' && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
      },
      { expression: "object.kind == 'x' && oldObject.apiVersion == 1" },
    ],
  },
  "typed-deployment": {
    matchConstraints: of("apps", "deployments", "daemonsets"),
    variables: [{ name: "containers", expression: "object.spec.template.spec.containers" }],
    validations: [
      { expression: "object.spec.replicas > 1" },
      { expression: "variables.containers.all(c, c.images != '')", messageExpression: "string(object.spec.replica)" },
      { expression: "object.spec.template.spec.containers.all(c, c.ports.all(p, p.containerPort > 80))" },
    ],
  },
  "typed-rest": {
    matchConstraints: of("", "services", "pods/status", "secrets"),
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    validations: [
      { expression: "object.spec.ports[0].targetPort == 80 && params.data.a == 'x'" },
      { expression: "object.data.a == b'x' || params.datas.a == 'x'" },
      { expression: "request.userInfo.username == 'x' && authorizer.path('/x').check('get').allowed()" },
    ],
  },
  "typed-wild": { matchConstraints: of("*", "services"), validations: [{ expression: "object.nothing == 1" }] },
}

const limited = as("limited", "system:authenticated")
const RBAC = "/apis/rbac.authorization.k8s.io/v1"
const access = { apiGroup: "rbac.authorization.k8s.io" }
/** Who may write policies, and may not read what they refer to. */
const rights: readonly Step[] = [
  post(
    `${RBAC}/clusterroles`,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "policies-limited" },
      rules: [{ apiGroups: ["admissionregistration.k8s.io"], resources: ["*"], verbs: ["*"] }],
    },
    { quiet: true },
  ),
  post(
    `${RBAC}/clusterrolebindings`,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "policies-limited" },
      roleRef: { ...access, kind: "ClusterRole", name: "policies-limited" },
      subjects: [{ ...access, kind: "User", name: "limited" }],
    },
    { quiet: true },
  ),
  get(POLICIES, { ...limited, until: { path: "status", is: 200 }, quiet: true }),
  post(
    `${POLICIES}?dryRun=All`,
    policy("read", { paramKind: { apiVersion: "v1", kind: "Secret" }, validations: valid }),
    {
      ...refused,
      ...limited,
    },
  ),
  post(`${POLICIES}?dryRun=All`, policy("read", { validations: valid }), { ...refused, ...limited }),
  post(POLICIES, policy("read", { paramKind: { apiVersion: "v1", kind: "Secret" }, validations: valid }), {
    quiet: true,
  }),
  ...["read", "unread"].flatMap((policyName) => [
    post(
      `${BINDINGS}?dryRun=All`,
      binding("read", { policyName, paramRef: { name: "a", namespace: "b", parameterNotFoundAction: "Deny" } }),
      { ...refused, ...limited },
    ),
    post(
      `${BINDINGS}?dryRun=All`,
      binding("read", { policyName, paramRef: { selector: {}, parameterNotFoundAction: "Deny" } }),
      { ...refused, ...limited },
    ),
  ]),
  del(`${POLICIES}/read`, undefined, { quiet: true }),
]

let maps = 0
/** A write that is tried, and what of the answer tells whether it was let pass. */
const write = (data: Readonly<Record<string, string>>, metadata: object = {}, options: object = {}): Step =>
  post(`${MAPS}?dryRun=All`, configMap(`map-${maps++}`, data, metadata), { ...refused, ...options })

/** A write that is denied with this message: the parameters are known. */
const deniedWith = (policy: string, message: string, data: Readonly<Record<string, string>>): Step => {
  const denied = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${message}`
  return post(`${MAPS}?dryRun=All`, configMap("denied", data), {
    until: { path: "message", is: `configmaps "denied" is forbidden: ${denied}` },
  })
}

/** Makes a policy with its binding, waits until it denies a map, tries the steps, and takes it away until it denies no more. */
function bound(name: string, spec: Spec, rest: Spec, denied: Step, ...steps: readonly Step[]): Step[] {
  return [
    post(POLICIES, policy(name, spec), { quiet: true }),
    post(BINDINGS, binding(name, { matchResources: IN_HERE, ...rest }), { quiet: true }),
    { until: { path: "status", is: 422 }, ...denied, quiet: true },
    ...steps,
    del(`${BINDINGS}/${name}`, undefined, { quiet: true }),
    del(`${POLICIES}/${name}`, undefined, { quiet: true }),
    { ...denied, until: { path: "status", is: 201 }, quiet: true },
  ]
}

const LIMIT = { apiVersion: "policies.example.com/v1" }
const LIMITS_PATH = "/apis/policies.example.com/v1/namespaces/{{ns}}/limits"
const LIMITS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "limits.policies.example.com" },
  spec: {
    group: "policies.example.com",
    scope: "Namespaced",
    names: { plural: "limits", kind: "Limit" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { max: { type: "integer" } } } },
      },
    ],
  },
}

const IN_HERE = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "policies" } } }

export const policies: Script = {
  name: "policies",
  steps: [
    ...Object.values(BAD).map((spec, i) => post(`${POLICIES}?dryRun=All`, policy(`bad-${i}`, spec), refused)),
    ...Object.values(BAD_BINDINGS).map((spec, i) => post(`${BINDINGS}?dryRun=All`, binding(`bad-${i}`, spec), refused)),
    post(POLICIES, policy("kept", { validations: valid, variables: [{ name: "a", expression: "1" }] })),
    get(`${POLICIES}/kept`, { until: { path: "status.observedGeneration", is: 1 } }),
    patch("merge", `${POLICIES}/kept`, { spec: { validations: [{ expression: "false" }] } }),
    put(`${POLICIES}/kept`, policy("kept", { validations: valid }), refused),
    del(`${POLICIES}/kept`),
    ...Object.entries(TYPED).flatMap(([name, spec]) => [
      post(POLICIES, policy(name, spec), { quiet: true }),
      get(`${POLICIES}/${name}`, {
        until: { path: "status.observedGeneration", is: 1 },
        pick: ["status.typeChecking"],
      }),
      del(`${POLICIES}/${name}`, undefined, { quiet: true }),
    ]),
    ...rights,
    post(BINDINGS, binding("kept", { paramRef: { selector: {}, parameterNotFoundAction: "Allow" } })),
    del(`${BINDINGS}/kept`),

    ...bound(
      "policies-plain",
      {
        variables: [
          { name: "wanted", expression: "'a' in object.data ? object.data.a : 'nothing'" },
          { name: "both", expression: "variables.wanted + '!'" },
          { name: "broken", expression: "object.data.missing" },
        ],
        validations: [
          { expression: "variables.wanted != 'bad'", message: " plain " },
          {
            expression: "variables.wanted != 'loud'",
            messageExpression: "'got ' + variables.both",
            reason: "Forbidden",
          },
          { expression: "variables.wanted != 'lines'", messageExpression: "'a\\nb'", message: "fallback" },
          { expression: "variables.wanted != 'odd'", messageExpression: "string(object.data.missing)" },
          { expression: "variables.wanted != 'error' || variables.broken == ''" },
          { expression: "variables.wanted != 'late' || object.data.none == ''", reason: "RequestEntityTooLarge" },
          { expression: "oldObject == null || oldObject.data.a == object.data.a", message: "a is immutable" },
        ],
      },
      {},
      write({ a: "bad" }),
      ...["bad", "loud", "lines", "odd", "error", "late", "fine"].map((a) => write({ a })),
      post(MAPS, configMap("policed", { a: "fine" }), { quiet: true }),
      patch("merge", `${MAPS}/policed`, { data: { a: "other" } }, refused),
      patch("merge", `${MAPS}/policed`, { data: { b: "other" } }, refused),
      del(`${MAPS}/policed`, undefined, { quiet: true }),
    ),

    ...bound(
      "policies-request",
      {
        validations: [
          { expression: "object.data.a != 'deny'" },
          {
            expression:
              "object.data.a != 'request' || (request.operation == 'CREATE' && request.kind.kind == 'ConfigMap' && " +
              "request.resource.resource == 'configmaps' && request.namespace == 'policies' && request.dryRun && " +
              "request.requestResource.version == 'v1' && request.name.startsWith('map-') && " +
              "'system:masters' in request.userInfo.groups && has(request.options) && !has(request.subResource))",
          },
          {
            expression:
              "object.data.a != 'namespace' || (namespaceObject.metadata.name == 'policies' && " +
              "namespaceObject.status.phase == 'Active' && !has(namespaceObject.metadata.deletionTimestamp))",
          },
          { expression: "object.data.a != 'params' || dyn(request.options).kind == 'CreateOptions'" },
          {
            expression:
              "object.data.a != 'may' || authorizer.group('').resource('secrets').namespace('policies').check('get').allowed()",
            message: "may not read secrets",
          },
          {
            expression: "object.data.a != 'self' || authorizer.requestResource.check('create').allowed()",
          },
          {
            expression:
              "object.data.a != 'account' || authorizer.serviceAccount('policies', 'default').path('/healthz').check('get').allowed()",
          },
          {
            expression: "object.data.a != 'reason'",
            messageExpression: "'name ' + object.metadata.name + ' ' + string(size(object.data))",
          },
          {
            expression:
              "object.data.a != 'costly' || [1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, " +
              "[1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, a + b + c + d + e > 0)))))",
          },
        ],
      },
      {},
      write({ a: "deny" }),
      ...["request", "namespace", "params", "may", "self", "account", "reason", "costly"].map((a) => write({ a })),
      write({ a: "may" }, {}, as("someone", "policies:writers")),
    ),

    // Not ConfigMaps: upstream's informer of a built-in kind does not come back after the first policy that needs it has gone.
    post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", LIMITS, { quiet: true }),
    get(`${LIMITS_PATH}`, { until: { path: "status", is: 200 }, quiet: true }),
    post(
      LIMITS_PATH,
      { ...LIMIT, kind: "Limit", metadata: { name: "limits", labels: { limits: "yes" } }, max: 3 },
      { quiet: true },
    ),
    ...bound(
      "policies-params",
      {
        paramKind: { ...LIMIT, kind: "Limit" },
        matchConditions: [
          { name: "not-others", expression: "!has(object.metadata.labels) || !('limits' in object.metadata.labels)" },
          { name: "broken", expression: "object.data.a != 'condition' || object.data.none == ''" },
        ],
        validations: [
          {
            expression: "params == null || !('n' in object.data) || int(object.data.n) <= params.max",
            messageExpression: "'at most ' + string(params.max)",
          },
        ],
      },
      { paramRef: { name: "limits", namespace: "policies", parameterNotFoundAction: "Deny" } },
      deniedWith("policies-params", "at most 3", { a: "x", n: "4" }),
      write({ a: "x", n: "4" }),
      write({ a: "x", n: "3" }),
      write({ a: "condition", n: "3" }),
      write({ a: "x", n: "4" }, { labels: { limits: "other" } }),
    ),
    ...bound(
      "policies-selected",
      {
        paramKind: { ...LIMIT, kind: "Limit" },
        validations: [{ expression: "object.data.a != string(params.max)" }],
      },
      { paramRef: { selector: { matchLabels: { limits: "yes" } }, parameterNotFoundAction: "Allow" } },
      deniedWith("policies-selected", "failed expression: object.data.a != string(params.max)", { a: "3" }),
      write({ a: "3" }),
      write({ a: "4" }),
      patch(
        "merge",
        `${BINDINGS}/policies-selected`,
        { spec: { paramRef: { selector: { matchLabels: { limits: "no" } } } } },
        { quiet: true },
      ),
      write({ a: "3" }, {}, { until: { path: "status", is: 201 }, quiet: true }),
      write({ a: "3" }),
      patch(
        "merge",
        `${BINDINGS}/policies-selected`,
        { spec: { paramRef: { parameterNotFoundAction: "Deny" } } },
        { quiet: true },
      ),
      write({ a: "3" }, {}, { until: { path: "status", is: 422 }, quiet: true }),
      write({ a: "3" }),
    ),
    ...bound(
      "policies-unknown",
      { paramKind: { apiVersion: "none.example.com/v1", kind: "Nothing" }, validations: valid },
      { paramRef: { name: "a", parameterNotFoundAction: "Deny" } },
      write({ a: "3" }),
      write({ a: "3" }),
    ),

    ...bound(
      "policies-warning",
      {
        validations: [
          { expression: "object.data.a != 'warn'", message: "should not" },
          { expression: "object.data.a != 'deny'" },
        ],
      },
      {},
      write({ a: "deny" }),
      patch(
        "merge",
        `${BINDINGS}/policies-warning`,
        { spec: { validationActions: ["Warn", "Audit"] } },
        { quiet: true },
      ),
      write({ a: "deny" }, {}, { until: { path: "status", is: 201 }, quiet: true }),
      write({ a: "warn" }),
      write({ a: "fine" }),
    ),
    ...bound(
      "policies-ignoring",
      {
        failurePolicy: "Ignore",
        matchConditions: [{ name: "broken", expression: "object.data.a != 'condition' || object.data.none == ''" }],
        validations: [{ expression: "object.data.a != 'deny'" }, { expression: "object.data.none == 'x'" }],
        auditAnnotations: [{ key: "who", valueExpression: "string(object.data.none)" }],
      },
      {},
      write({ a: "deny" }),
      write({ a: "fine" }),
      write({ a: "condition" }),
    ),
    ...bound(
      "policies-annotated",
      {
        validations: [{ expression: "object.data.a != 'deny'" }],
        auditAnnotations: [{ key: "who", valueExpression: "string(object.data.none)" }],
      },
      {},
      write({ a: "deny" }),
      write({ a: "fine" }),
    ),
    ...bound(
      "policies-matching",
      {
        matchConstraints: {
          ...EVERY_MAP,
          objectSelector: { matchLabels: { policed: "yes" } },
          excludeResourceRules: [{ ...EVERY_MAP.resourceRules[0], resourceNames: ["excluded"] }],
        },
        validations: [{ expression: "false", message: "never" }],
      },
      {},
      write({ a: "deny" }, { labels: { policed: "yes" } }),
      write({ a: "deny" }),
      post(`${MAPS}?dryRun=All`, configMap("excluded", {}, { labels: { policed: "yes" } }), refused),
      post(
        "/api/v1/namespaces/default/configmaps?dryRun=All",
        configMap("x", {}, { labels: { policed: "yes" } }),
        refused,
      ),
    ),
  ],
}
