// What is typed at both servers, in order. Objects stay from one step to the next.

export type Step = {
  readonly args: string
  readonly stdin?: string
  /** Every version of kubectl runs it; the newest alone runs the rest. */
  readonly core?: true
  /** Lines come in an order that no server promises. */
  readonly sorted?: true
  /** The embedded server's output differs, and why. One that differs no more fails. */
  readonly differs?: string
}

const step = (args: string, stdin?: string): Step => ({ args, ...(stdin === undefined ? {} : { stdin }) })
const core = (args: string, stdin?: string): Step => ({ ...step(args, stdin), core: true })
const sorted = (args: string): Step => ({ args, sorted: true })
const differing = (differs: string, same: Step): Step => ({ ...same, differs })

const CONFIG = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop, labels: {app: shop}}
data: {color: green, size: "10"}
`
const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{containerPort: 80, name: http}]
        env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}, {name: B, value: b}]
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /, port: http}}
        volumeMounts: [{name: config, mountPath: /etc/shop}]
      volumes: [{name: config, configMap: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http, name: http}]}
`
const OTHERS = `
apiVersion: v1
kind: Secret
metadata: {name: credentials, namespace: shop}
type: Opaque
stringData: {user: admin, password: secret}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [pods, configmaps], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: shop}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {backoffLimit: 2, template: {spec: {restartPolicy: Never, containers: [{name: a, image: busybox, command: [sh, -c, "true"]}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: a, image: busybox}]}}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: postgres:17}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: logs, namespace: shop}
spec:
  selector: {matchLabels: {app: logs}}
  template: {metadata: {labels: {app: logs}}, spec: {containers: [{name: logs, image: fluentd}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-web, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 5}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: example.com/fast
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
description: matters
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: limits, namespace: shop}
spec: {hard: {count/services.nodeports: "5"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: shop}
spec: {limits: [{type: PersistentVolumeClaim, max: {storage: 10Gi}}]}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader, namespace: shop}
spec: {holderIdentity: a, leaseDurationSeconds: 15}
`
const FLEET = `
apiVersion: cluster.open-cluster-management.io/v1
kind: ManagedCluster
metadata: {name: cluster1, labels: {region: eu}}
spec: {hubAcceptsClient: true}
---
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSet
metadata: {name: europe}
spec: {clusterSelector: {selectorType: LabelSelector, labelSelector: {matchLabels: {region: eu}}}}
---
apiVersion: cluster.open-cluster-management.io/v1beta2
kind: ManagedClusterSetBinding
metadata: {name: europe, namespace: shop}
spec: {clusterSet: europe}
---
apiVersion: cluster.open-cluster-management.io/v1beta1
kind: Placement
metadata: {name: near, namespace: shop}
spec: {numberOfClusters: 2, predicates: [{requiredClusterSelector: {labelSelector: {matchLabels: {region: eu}}}}]}
---
apiVersion: work.open-cluster-management.io/v1
kind: ManifestWork
metadata: {name: hello, namespace: shop}
spec: {workload: {manifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {a: b}}]}}
---
apiVersion: work.open-cluster-management.io/v1alpha1
kind: ManifestWorkReplicaSet
metadata: {name: hello, namespace: shop}
spec:
  placementRefs: [{name: near}]
  manifestWorkTemplate: {workload: {manifests: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}]}}
`
const POD = `
apiVersion: v1
kind: Pod
metadata: {name: solo, namespace: shop}
spec: {containers: [{name: a, image: "busybox:1", args: [sleep, "1"]}]}
`
const without = (text: string, from: string, to: string) => text.replace(from, to)
const OURS = ["managedclusters", "managedclustersets", "placements", "manifestworks", "manifestworkreplicasets"]
const KINDS =
  "configmaps secrets serviceaccounts services deployments statefulsets daemonsets jobs cronjobs ingresses networkpolicies pdb hpa roles rolebindings resourcequotas limitranges leases replicasets endpoints pvc"

export const STEPS: readonly Step[] = [
  core("create namespace shop"),
  core("create namespace shop"),
  core("apply -f -", CONFIG),
  core("apply -f -", CONFIG),
  core("apply -f -", without(CONFIG, "green", "blue")),
  core("get configmap settings -n shop -o yaml"),
  core("apply --server-side -f -", CONFIG),
  step("apply --server-side --force-conflicts -f -", CONFIG),
  step("get configmap settings -n shop -o yaml --show-managed-fields"),
  core("apply -f -", DEPLOYMENT),
  step("apply --server-side --field-manager=other -f -", without(DEPLOYMENT, "replicas: 2", "replicas: 5")),
  core("apply -f -", OTHERS),
  core("apply -f -", FLEET),
  step("apply -f - --dry-run=server", without(FLEET, "numberOfClusters: 2", "numberOfClusters: 3")),
  step("diff -f -", without(FLEET, "numberOfClusters: 2", "numberOfClusters: 3")),
  step("diff -f -", without(DEPLOYMENT, "nginx:1.27", "nginx:1.28")),
  core("apply -f -", POD),
  ...KINDS.split(" ").map((kind) => core(`get ${kind} -n shop`)),
  ...KINDS.split(" ").map((kind) => step(`get ${kind} -n shop -o wide`)),
  // kubectl prints these maps in whatever order Go has them.
  { ...core("describe secret/credentials -n shop"), sorted: true },
  step("get secret/credentials -n shop -o yaml"),
  sorted("describe cm/settings -n shop"),
  ...["deployment/web", "service/web", "job/once", "cronjob/nightly", "statefulset/db"].flatMap((o) => [
    step(`get ${o} -n shop -o yaml`),
    core(`describe ${o} -n shop`),
  ]),
  ...[
    "daemonset/logs",
    "ingress/web",
    "netpol/only-web",
    "pdb/web",
    "hpa/web",
    "role/reader",
    "rolebinding/reader",
  ].map((o) => step(`describe ${o} -n shop`)),
  ...["quota/limits", "limits/limits", "sa/robot", "pod/solo", "lease/leader"].map((o) =>
    step(`describe ${o} -n shop`),
  ),
  step("describe namespace shop"),
  step("describe storageclass fast"),
  step("describe priorityclass high"),
  step("get pod solo -n shop -o yaml"),
  step("get pod solo -n shop -o wide"),
  ...OURS.flatMap((kind) => [core(`get ${kind} -A`), step(`get ${kind} -A -o yaml`), step(`get ${kind} -A -o wide`)]),
  core("describe managedcluster cluster1"),
  core("describe placement near -n shop"),
  step("describe manifestwork hello -n shop"),
  step("describe manifestworkreplicaset hello -n shop"),
  step("describe crd placements.cluster.open-cluster-management.io"),
  step("get crd"),
  step("get all -n shop"),
  core("get cm,secret -n shop -l app=shop -o name"),
  step("get cm -n shop --sort-by=.metadata.name -o custom-columns=NAME:.metadata.name,NS:.metadata.namespace"),
  core("get cm settings -n shop -o jsonpath={.data.color}"),
  step("get cm settings -n shop -o go-template={{.data.size}}"),
  step("get deploy web -n shop -o jsonpath={.spec.template.spec.containers[*].image}"),
  step("get ns shop -o json"),
  step("get cm -n shop --field-selector metadata.name=settings"),
  step("get pods -n shop --field-selector status.phase=Pending,spec.nodeName="),
  step("get cm -n shop --show-labels"),
  step("get cm -n shop -L app"),
  step("get cm -n shop --chunk-size=1"),
  core("label cm settings -n shop tier=front"),
  core("label cm settings -n shop tier=back"),
  core("label cm settings -n shop tier=back --overwrite"),
  core("label cm settings -n shop tier-"),
  core("annotate cm settings -n shop note=hello"),
  step("annotate cm settings -n shop note-"),
  core(`patch cm settings -n shop -p {"data":{"color":"red"}}`),
  core(
    `patch deploy web -n shop --type=strategic -p {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:1.29"}]}}}}`,
  ),
  step(`patch deploy web -n shop --type=json -p [{"op":"replace","path":"/spec/replicas","value":3}]`),
  step(`patch cm settings -n shop --type=json -p [{"op":"remove","path":"/data/nothing"}]`),
  step(`patch cm settings -n shop --type=json -p [{"op":"test","path":"/data/color","value":"x"}]`),
  core(`patch placement near -n shop --type=merge -p {"spec":{"numberOfClusters":4}}`),
  step(`patch placement near -n shop --type=strategic -p {"spec":{"numberOfClusters":4}}`),
  step(`patch placement near -n shop --type=merge -p {"spec":{"numberOfClusters":"x"}}`),
  step(
    `patch managedcluster cluster1 --subresource=status --type=merge -p {"status":{"conditions":[{"type":"ManagedClusterJoined","status":"True","reason":"A","message":"b","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`,
  ),
  core("scale deploy web -n shop --replicas=1"),
  step("scale deploy web -n shop --replicas=4 --current-replicas=9"),
  step("scale statefulset db -n shop --replicas=1"),
  step("set image deploy/web -n shop web=nginx:1.30"),
  step("set env deploy/web -n shop EXTRA=1"),
  step("set resources deploy/web -n shop --limits=cpu=1"),
  step("set selector svc/web -n shop app=other"),
  step("rollout status deploy/web -n shop --watch=false"),
  step("rollout history deploy/web -n shop"),
  step("rollout pause deploy/web -n shop"),
  step("rollout pause deploy/web -n shop"),
  step("rollout resume deploy/web -n shop"),
  step("autoscale deploy web -n shop --max=3 --name=again"),
  step("expose deploy web -n shop --name=web2 --port=81"),
  core("edit cm settings -n shop"),
  step("edit placement near -n shop"),
  core("wait --for=jsonpath={.data.color}=red cm/settings -n shop --timeout=1s"),
  core("wait --for=condition=ManagedClusterJoined managedcluster/cluster1 --timeout=1s"),
  step("wait --for=condition=Available deploy/web -n shop --timeout=1s"),
  step("wait --for=delete cm/nothing -n shop --timeout=1s"),
  step("create cm made -n shop --from-literal=a=b"),
  step("create secret generic made -n shop --from-literal=a=b"),
  step("create secret tls made -n shop --cert=/nope --key=/nope"),
  step("create deployment made -n shop --image=nginx --replicas=2"),
  step("create job made -n shop --image=busybox -- true"),
  step("create cronjob made -n shop --image=busybox --schedule=*/5"),
  step("create role made -n shop --verb=get --resource=pods"),
  step("create rolebinding made -n shop --role=made --user=jane"),
  step("create clusterrole made --verb=get,list --resource=nodes"),
  step("create quota made -n shop --hard=pods=10"),
  step("create priorityclass made --value=5"),
  step("create ingress made -n shop --rule=a.example.com/*=web:80"),
  step("create service nodeport made -n shop --tcp=80:80"),
  step("create service externalname made2 -n shop --external-name=example.com"),
  step("create token robot -n shop"),
  step("create token nobody -n shop"),
  step("get svc -n shop"),
  core("auth can-i create deployments -n shop"),
  core("auth can-i get pods -n shop --as=system:serviceaccount:shop:robot"),
  core("auth can-i delete pods -n shop --as=system:serviceaccount:shop:robot"),
  sorted("auth can-i --list -n shop --as=system:serviceaccount:shop:robot"),
  step("auth whoami --as=jane --as-group=people"),
  step("get pods -n shop --as=system:serviceaccount:shop:robot"),
  core("get secrets -n shop --as=system:serviceaccount:shop:robot"),
  step("delete cm settings -n shop --as=system:serviceaccount:shop:robot"),
  step("get managedclusters --as=jane"),
  step("create ns x --as=jane"),
  core("get pods nothing -n shop"),
  core("get nonsense"),
  step("get cm -l a=b=c"),
  step("get cm --field-selector a=b"),
  step("get cm settings -n nowhere"),
  step("create -f -", CONFIG),
  step("create -f -", without(CONFIG, "namespace: shop", "namespace: nowhere")),
  core("apply -f -", without(CONFIG, "data:", "dta:")),
  step("apply -f - --validate=warn", without(DEPLOYMENT, "containerPort: 80", "containerPort: 80, prot: 1")),
  step("apply -f -", without(CONFIG, "name: settings", "name: Bad_Name")),
  step("apply -f -", without(DEPLOYMENT, "app: web}}\n  template", "app: other}}\n  template")),
  step("apply -f -", without(DEPLOYMENT, "image: nginx:1.27", "image: ''")),
  differing(
    "quotes the patch as it was sent, kube-apiserver as Go prints a map",
    step("apply -f -", without(DEPLOYMENT, "cpu: 100m", "cpu: lots")),
  ),
  step("apply -f -", without(POD, "busybox:1", "busybox:2")),
  differing(
    "does not add kube-apiserver's diff of Go structures",
    step("apply -f -", without(POD, "name: a, image", "name: b, image")),
  ),
  step("apply -f -", without(FLEET, "hubAcceptsClient: true", "hubAcceptsClient: 1")),
  differing(
    "quotes the patch as it was sent, kube-apiserver the object that came of it",
    step("apply -f -", without(FLEET, "numberOfClusters: 2", "numberOfCluster: 2")),
  ),
  step("replace -f -", without(CONFIG, "green", "black")),
  step("replace -f -", without(CONFIG, "name: settings", "name: absent")),
  step("replace --force -f -", POD),
  step("create -f - --dry-run=server -o yaml", without(DEPLOYMENT, "name: web, namespace", "name: dry, namespace")),
  step("create -f - --dry-run=client -o yaml", CONFIG),
  ...[
    "pod.spec.containers",
    "deployment.spec.strategy",
    "placement",
    "placement.spec",
    "manifestwork.spec.workload",
    "cm",
    "managedcluster.status",
  ].map((what) => core(`explain ${what}`)),
  ...[
    "service --recursive",
    "manifestworkreplicaset --recursive",
    "ingress.spec",
    "nonsense",
    "pod.nonsense",
    "networkpolicy.spec.ingress",
  ].map((what) => step(`explain ${what}`)),
  { ...core("api-resources"), sorted: true },
  { ...core("api-versions"), sorted: true },
  sorted("api-resources -o wide"),
  step("api-resources --api-group=work.open-cluster-management.io"),
  step("api-resources --namespaced=false --api-group=rbac.authorization.k8s.io"),
  differing("is not built with Go, and has no commit of Kubernetes", core("version -o json")),
  differing("is not built with Go, and has no commit of Kubernetes", step("get --raw /version")),
  step("get --raw /healthz"),
  step("get --raw /readyz"),
  step("get --raw /api"),
  step("get --raw /apis/work.open-cluster-management.io"),
  step("get --raw /nonsense"),
  step("get --raw /apis/apps/v1/nonsense"),
  step("events -n shop"),
  step("logs solo -n shop --tail=1"),
  step("cp nothing:/a /tmp/b"),
  step("certificate approve nothing"),
  step("get csr"),
  step("get clusterroles view -o yaml"),
  step("get clusterrolebindings cluster-admin -o yaml"),
  step("get sc,pc"),
  step("get ns kube-system default"),
  step("get svc kubernetes -n default"),
  step("describe clusterrole made"),
  core("delete cm settings -n shop"),
  core("delete cm settings -n shop"),
  step("delete cm settings -n shop --ignore-not-found"),
  step("delete pod solo -n shop --grace-period=0 --force"),
  step("delete deploy,sts,ds,job,cronjob --all -n shop"),
  core("delete placement near -n shop --wait=false"),
  step("delete manifestwork,manifestworkreplicaset --all -n shop"),
  core("delete managedcluster cluster1"),
  step("delete clusterrole made"),
  step("delete sc fast"),
  step("delete priorityclass high made"),
  core("delete namespace shop --timeout=60s"),
  step("get ns shop"),
]
