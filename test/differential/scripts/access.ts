import { as, configMap, del, get, patch, post, put, type Script } from "../script.ts"

const RBAC = "/apis/rbac.authorization.k8s.io/v1"
const ROLES = `${RBAC}/namespaces/{{ns}}/roles`
const BINDINGS = `${RBAC}/namespaces/{{ns}}/rolebindings`
const CONFIG_MAPS = "/api/v1/namespaces/{{ns}}/configmaps"
const meta = (kind: string, name: string) => ({ apiVersion: "rbac.authorization.k8s.io/v1", kind, metadata: { name } })
const role = (name: string, ...rules: object[]) => ({ ...meta("Role", name), rules })
const rule = (resources: string[], verbs: string[], more: object = {}) => ({
  apiGroups: [""],
  resources,
  verbs,
  ...more,
})
const binding = (name: string, roleName: string, user: string, kind = "Role") => ({
  ...meta("RoleBinding", name),
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: roleName },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
})
const JANE = as("jane", "system:authenticated")

export const rbac: Script = {
  name: "rbac",
  steps: [
    get(CONFIG_MAPS, JANE),
    get(`${CONFIG_MAPS}/a`, JANE),
    post(CONFIG_MAPS, configMap("a"), JANE),
    put(`${CONFIG_MAPS}/a`, configMap("a"), JANE),
    patch("merge", `${CONFIG_MAPS}/a`, {}, JANE),
    del(`${CONFIG_MAPS}/a`, undefined, JANE),
    del(CONFIG_MAPS, undefined, JANE),
    get(`${CONFIG_MAPS}?watch=1`, JANE),
    get("/api/v1/nodes", JANE),
    get("/api/v1/nodes/x/proxy", JANE),
    get("/api/v1/namespaces/{{ns}}/pods/x/log", JANE),
    get("/api/v1/namespaces/{{ns}}", JANE),
    get("/apis/nope.example.com/v1/things", JANE),
    get("/foo", JANE),
    get("/metrics", JANE),
    get("/version", { ...JANE, pick: ["major", "minor", "emulationMinor", "minCompatibilityMinor"] }),
    get(CONFIG_MAPS, { as: "anonymous" }),
    get(CONFIG_MAPS, { as: { token: "nonsense" } }),
    get("/healthz", { as: { token: "nonsense" } }),
    post(ROLES, role("reader", rule(["configmaps"], ["get", "list", "watch", "create"]))),
    post(BINDINGS, binding("reader", "reader", "jane")),
    get(`${CONFIG_MAPS}?labelSelector=mine`, { ...JANE, until: { path: "status", is: 200 } }),
    get(`${CONFIG_MAPS}/a`, JANE),
    post(CONFIG_MAPS, configMap("a"), JANE),
    del(`${CONFIG_MAPS}/a`, undefined, JANE),
    get("/api/v1/configmaps", JANE),
    get("/api/v1/namespaces/default/configmaps", JANE),
    post(ROLES, role("named", rule(["secrets"], ["get", "list"], { resourceNames: ["mine"] }))),
    post(BINDINGS, binding("named", "named", "joe")),
    get("/api/v1/namespaces/{{ns}}/secrets/mine", { ...as("joe"), until: { path: "status", is: 404 } }),
    get("/api/v1/namespaces/{{ns}}/secrets/other", as("joe")),
    get("/api/v1/namespaces/{{ns}}/secrets", as("joe")),
    get("/api/v1/namespaces/{{ns}}/secrets?fieldSelector=metadata.name%3Dmine", as("joe")),
    post(
      ROLES,
      role("maker", { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["*"] }),
    ),
    post(BINDINGS, binding("maker", "maker", "max")),
    get(ROLES + "/none", { ...as("max"), until: { path: "status", is: 404 } }),
    post(ROLES, role("grab", rule(["secrets"], ["get", "list"])), as("max")),
    post(
      ROLES,
      role("grab2", rule(["secrets"], ["get"], { resourceNames: ["a"] }), {
        apiGroups: ["apps"],
        resources: ["*"],
        verbs: ["*"],
      }),
      as("max", "g1", "g2"),
    ),
    post(
      ROLES,
      role("own", { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["get"] }),
      as("max"),
    ),
    put(`${ROLES}/own`, role("own", rule(["pods"], ["get"])), as("max")),
    post(BINDINGS, binding("b1", "reader", "max"), as("max")),
    post(BINDINGS, binding("b2", "nope", "max"), as("max")),
    post(BINDINGS, binding("b3", "cluster-admin", "max", "ClusterRole"), as("max")),
    post(BINDINGS, binding("b4", "nope", "max")),
    put(`${BINDINGS}/b4`, binding("b4", "other", "max")),
    post(BINDINGS, { ...binding("b5", "x", "y"), subjects: [{ kind: "Nope", name: "x" }] }),
    post(BINDINGS, { ...binding("b6", "x", "y"), subjects: [{ kind: "ServiceAccount", name: "x" }] }),
    post(BINDINGS, { ...binding("b7", "x", "y"), roleRef: {} }),
    post(ROLES, role("bad", { apiGroups: [""], resources: ["pods"] })),
    post(ROLES, role("bad2", { nonResourceURLs: ["/x"], verbs: ["get"] })),
    post(ROLES, role("bad3", { verbs: ["get"] })),
    post(`${RBAC}/clusterroles`, {
      ...meta("ClusterRole", "rbac-bad"),
      rules: [{ nonResourceURLs: ["/x"], resources: ["pods"], apiGroups: [""], verbs: ["get"] }],
    }),
    post(`${RBAC}/clusterroles`, {
      ...meta("ClusterRole", "rbac-url"),
      rules: [{ nonResourceURLs: ["/differ/*"], verbs: ["get"] }],
    }),
    post(`${RBAC}/clusterrolebindings`, {
      ...binding("rbac-url", "rbac-url", "ulla", "ClusterRole"),
      kind: "ClusterRoleBinding",
    }),
    get("/differ/x", { ...as("ulla"), until: { path: "status", is: 404 } }),
    get("/differ", as("ulla")),
    get(`${RBAC}/clusterroles/cluster-admin`, { pick: ["rules", "metadata.labels"] }),
    get(`${RBAC}/clusterroles/view`, { pick: ["aggregationRule", "metadata.labels"] }),
    get(`${RBAC}/clusterrolebindings/cluster-admin`, { pick: ["roleRef", "subjects"] }),
    get(`${RBAC}/clusterroles/system:discovery`, { pick: ["rules"] }),
    get(`${RBAC}/clusterroles/system:basic-user`, { pick: ["rules"] }),
  ],
}

export const impersonation: Script = {
  name: "impersonation",
  steps: [
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("jane")),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("jane", "a", "b")),
    post(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      {},
      {
        headers: {
          "impersonate-user": "jane",
          "impersonate-uid": "u1",
          "impersonate-extra-reason": "x",
          "impersonate-extra-acme.com%2Fk": "y",
        },
      },
    ),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("system:serviceaccount:{{ns}}:default")),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("system:anonymous")),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { headers: { "impersonate-group": "a" } }),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { headers: { "impersonate-uid": "a" } }),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { headers: { "impersonate-extra-x": "a" } }),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { as: "anonymous" }),
    get("/api", { as: "anonymous", headers: { "impersonate-user": "jane" } }),
    post(`${RBAC}/clusterroles`, {
      ...meta("ClusterRole", "impersonation-jane"),
      rules: [rule(["users"], ["impersonate"], { resourceNames: ["jane"] })],
    }),
    get("/version", { as: { user: "nobody" }, pick: ["major"] }),
  ],
}

const AUTHZ = "/apis/authorization.k8s.io/v1"
const review = (kind: string, spec: object) => ({ apiVersion: "authorization.k8s.io/v1", kind, spec })

export const reviews: Script = {
  name: "reviews",
  steps: [
    post(
      `${AUTHZ}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "jane",
        resourceAttributes: { verb: "get", resource: "pods", namespace: "x" },
      }),
    ),
    post(
      `${AUTHZ}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "jane",
        groups: ["system:masters"],
        resourceAttributes: { verb: "get", resource: "pods" },
      }),
    ),
    post(
      `${AUTHZ}/subjectaccessreviews`,
      review("SubjectAccessReview", { user: "jane", nonResourceAttributes: { verb: "get", path: "/version" } }),
    ),
    post(
      `${AUTHZ}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        groups: ["system:authenticated"],
        nonResourceAttributes: { verb: "get", path: "/version" },
      }),
      // Two bindings allow it, and chance says which is named.
      { pick: ["kind", "status.allowed"] },
    ),
    post(`${AUTHZ}/subjectaccessreviews`, review("SubjectAccessReview", {})),
    post(`${AUTHZ}/subjectaccessreviews`, review("SubjectAccessReview", { user: "x" })),
    post(
      `${AUTHZ}/subjectaccessreviews`,
      review("SubjectAccessReview", {
        user: "x",
        resourceAttributes: { verb: "get" },
        nonResourceAttributes: { path: "/x" },
      }),
    ),
    post(`${AUTHZ}/subjectaccessreviews`, {
      ...review("SubjectAccessReview", { user: "x", resourceAttributes: { verb: "get" } }),
      metadata: { name: "x" },
    }),
    post(
      `${AUTHZ}/subjectaccessreviews?dryRun=All`,
      review("SubjectAccessReview", { user: "jane", resourceAttributes: { verb: "get", resource: "pods" } }),
    ),
    post(`${AUTHZ}/subjectaccessreviews`, {
      ...review("SubjectAccessReview", {
        user: "jane",
        nope: 1,
        resourceAttributes: { verb: "get", resource: "pods" },
      }),
    }),
    post(`${AUTHZ}/subjectaccessreviews?fieldValidation=Strict`, {
      ...review("SubjectAccessReview", {
        user: "jane",
        nope: 1,
        resourceAttributes: { verb: "get", resource: "pods" },
      }),
    }),
    post(`${AUTHZ}/namespaces/{{ns}}/localsubjectaccessreviews`, {
      ...review("LocalSubjectAccessReview", {
        user: "jane",
        resourceAttributes: { verb: "get", resource: "pods", namespace: "{{ns}}" },
      }),
      metadata: { namespace: "{{ns}}" },
    }),
    post(
      `${AUTHZ}/namespaces/{{ns}}/localsubjectaccessreviews`,
      review("LocalSubjectAccessReview", {
        user: "jane",
        resourceAttributes: { verb: "get", resource: "pods", namespace: "other" },
      }),
    ),
    post(
      `${AUTHZ}/namespaces/{{ns}}/localsubjectaccessreviews`,
      review("LocalSubjectAccessReview", { user: "jane", nonResourceAttributes: { path: "/" } }),
    ),
    post(
      `${AUTHZ}/selfsubjectaccessreviews`,
      review("SelfSubjectAccessReview", { resourceAttributes: { verb: "*", resource: "*", group: "*" } }),
    ),
    post(
      `${AUTHZ}/selfsubjectaccessreviews`,
      review("SelfSubjectAccessReview", { resourceAttributes: { verb: "get", resource: "pods" } }),
      as("jane", "system:authenticated"),
    ),
    post(`${AUTHZ}/selfsubjectaccessreviews`, review("SelfSubjectAccessReview", {})),
    post(`${AUTHZ}/selfsubjectrulesreviews`, review("SelfSubjectRulesReview", { namespace: "{{ns}}" }), {
      ...as("jane"),
      pick: ["status.incomplete", "kind"],
    }),
    post(`${AUTHZ}/selfsubjectrulesreviews`, review("SelfSubjectRulesReview", {})),
    get(`${AUTHZ}/subjectaccessreviews`),
    get(`${AUTHZ}/subjectaccessreviews/x`),
    del(`${AUTHZ}/selfsubjectaccessreviews/x`),
    post(`${AUTHZ}/subjectaccessreviews`, "nonsense"),
    post(`${AUTHZ}/subjectaccessreviews`, { apiVersion: "v1", kind: "ConfigMap" }),
    post(`${AUTHZ}/subjectaccessreviews`, review("SubjectAccessReview", { user: 5 })),
    post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token: "nonsense" } }),
    post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: {} }),
    post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("jane", "a")),
  ],
}

const ACCOUNTS = "/api/v1/namespaces/{{ns}}/serviceaccounts"
const TOKEN = `${ACCOUNTS}/robot/token`
const REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
const request = (spec: object) => ({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec })

export const tokens: Script = {
  name: "tokens",
  steps: [
    post(ACCOUNTS, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
    post(TOKEN, request({}), { capture: { token: "status.token" } }),
    post(TOKEN, {}),
    post(TOKEN, request({ audiences: ["mine", "yours"], expirationSeconds: 700 }), {
      capture: { mine: "status.token" },
    }),
    post(TOKEN, request({ expirationSeconds: 10 })),
    post(TOKEN, request({ expirationSeconds: 4294967297 })),
    post(TOKEN, request({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "nope" } })),
    post(TOKEN, request({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "nope" } })),
    post(`${TOKEN}?dryRun=All`, request({}), { pick: ["kind"] }),
    post(`${ACCOUNTS}/nope/token`, request({})),
    get(TOKEN),
    post(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      {},
      { as: { token: "{{token}}" }, pick: ["status.userInfo.username", "status.userInfo.groups"] },
    ),
    get(CONFIG_MAPS, { as: { token: "{{token}}" } }),
    get(CONFIG_MAPS, { as: { token: "{{mine}}" } }),
    get(CONFIG_MAPS, { as: { token: "{{token}}x" } }),
    post(
      REVIEWS,
      { spec: { token: "{{token}}" } },
      {
        pick: [
          "status.authenticated",
          "status.user.username",
          "status.user.groups",
          "status.error",
          "status.audiences.0",
        ],
      },
    ),
    post(
      REVIEWS,
      { spec: { token: "{{mine}}", audiences: ["mine"] } },
      { pick: ["status.authenticated", "status.user.username", "status.audiences", "status.error"] },
    ),
    post(
      REVIEWS,
      { spec: { token: "{{mine}}", audiences: ["other"] } },
      { pick: ["status.authenticated", "status.audiences"] },
    ),
    post(REVIEWS, { spec: { token: "{{mine}}" } }, { pick: ["status.authenticated"] }),
    del(`${ACCOUNTS}/robot`),
    get(CONFIG_MAPS, { as: { token: "{{token}}" }, until: { path: "status", is: 401 } }),
    post(TOKEN, request({})),
  ],
}
