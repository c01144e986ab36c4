package main

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	extensionsclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
)

const group = "clients.hawser.dev"

func boatDefinition() *apiextensions.CustomResourceDefinition {
	replicas := apiextensions.CustomResourceSubresourceScale{SpecReplicasPath: ".spec.sails", StatusReplicasPath: ".status.sails"}
	zero := 0.0
	return &apiextensions.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "boats." + group},
		Spec: apiextensions.CustomResourceDefinitionSpec{
			Group: group,
			Scope: apiextensions.NamespaceScoped,
			Names: apiextensions.CustomResourceDefinitionNames{Plural: "boats", Singular: "boat", Kind: "Boat", ListKind: "BoatList", ShortNames: []string{"bt"}, Categories: []string{"fleet"}},
			Versions: []apiextensions.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Subresources: &apiextensions.CustomResourceSubresources{Status: &apiextensions.CustomResourceSubresourceStatus{}, Scale: &replicas},
				Schema: &apiextensions.CustomResourceValidation{OpenAPIV3Schema: &apiextensions.JSONSchemaProps{
					Type: "object",
					Properties: map[string]apiextensions.JSONSchemaProps{
						"spec": {Type: "object", Required: []string{"port"}, Properties: map[string]apiextensions.JSONSchemaProps{
							"port":  {Type: "string", MinLength: new(int64)},
							"sails": {Type: "integer", Minimum: &zero, Default: &apiextensions.JSON{Raw: []byte("1")}},
						}},
						"status": {Type: "object", Properties: map[string]apiextensions.JSONSchemaProps{"sails": {Type: "integer"}}},
					},
				}},
				AdditionalPrinterColumns: []apiextensions.CustomResourceColumnDefinition{{Name: "Port", Type: "string", JSONPath: ".spec.port"}},
			}},
		},
	}
}

// What programs do that learn of kinds as they run: discovery, mapping, dynamic objects, their informers, scaling.
func dynamicClient(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	extensions := extensionsclient.NewForConfigOrDie(config).ApiextensionsV1().CustomResourceDefinitions()
	if _, err := extensions.Create(ctx, boatDefinition(), metav1.CreateOptions{}); err != nil {
		return err
	}
	established := func() bool {
		definition, err := extensions.Get(ctx, "boats."+group, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, condition := range definition.Status.Conditions {
			if condition.Type == apiextensions.Established && condition.Status == apiextensions.ConditionTrue {
				return true
			}
		}
		return false
	}
	if err := until(ctx, "an established definition", established); err != nil {
		return err
	}
	disco := discovery.NewDiscoveryClientForConfigOrDie(config)
	cached := memory.NewMemCacheClient(disco)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, func(string) {})
	var mapped schema.GroupVersionResource
	err := until(ctx, "the kind in discovery", func() bool {
		var err error
		mapped, err = mapper.ResourceFor(schema.GroupVersionResource{Resource: "bt"})
		if err != nil {
			cached.Invalidate()
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	kind, err := mapper.KindFor(mapped)
	say("bt is %s, of kind %s, %v", mapped, kind, err)
	groups, resources, err := disco.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	say("%d groups with Boat and deployments/scale: %t", min(len(groups), 1), hasResource(resources, group+"/v1", "boats/scale") && hasResource(resources, "apps/v1", "deployments/scale"))

	client := dynamic.NewForConfigOrDie(config)
	boats := client.Resource(mapped).Namespace(namespace)
	var seen journal
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, namespace, nil)
	informer := factory.ForResource(mapped).Informer()
	sails := func(object any) any {
		n, _, _ := unstructured.NestedInt64(object.(*unstructured.Unstructured).Object, "spec", "sails")
		return n
	}
	name := func(object any) string { return object.(*unstructured.Unstructured).GetName() }
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { seen.add("%s: added with %v", name(object), sails(object)) },
		UpdateFunc: func(_, object any) { seen.add("%s: has %v", name(object), sails(object)) },
		DeleteFunc: func(object any) { seen.add("%s: deleted", name(object)) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	boat := func(name string, spec map[string]any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": group + "/v1", "kind": "Boat", "metadata": map[string]any{"name": name}, "spec": spec}}
	}
	made, err := boats.Create(ctx, boat("dory", map[string]any{"port": "Kiel", "colour": "red"}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	say("made %v", made.Object["spec"])
	_, err = boats.Create(ctx, boat("dinghy", map[string]any{"sails": int64(-1)}), metav1.CreateOptions{})
	say("invalid %t: %v", apierrors.IsInvalid(err), err)
	_, err = boats.Create(ctx, boat("dinghy", map[string]any{"port": "Kiel", "colour": "red"}), metav1.CreateOptions{FieldValidation: "Strict"})
	say("strict: %v", err)
	applied, err := boats.Apply(ctx, "skiff", boat("skiff", map[string]any{"port": "Bergen", "sails": int64(2)}), metav1.ApplyOptions{FieldManager: "harbour"})
	if err != nil {
		return err
	}
	say("applied %v", applied.Object["spec"])
	status := boat("skiff", nil)
	status.Object["status"] = map[string]any{"sails": int64(2)}
	delete(status.Object, "spec")
	applied, err = boats.ApplyStatus(ctx, "skiff", status, metav1.ApplyOptions{FieldManager: "lookout"})
	if err != nil {
		return err
	}
	say("status %v, generation %d", applied.Object["status"], applied.GetGeneration())
	scaler := scale.New(disco.RESTClient(), mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(disco))
	size, err := scaler.Scales(namespace).Get(ctx, mapped.GroupResource(), "skiff", metav1.GetOptions{})
	if err != nil {
		return err
	}
	size.Spec = autoscalingv1.ScaleSpec{Replicas: 4}
	size, err = scaler.Scales(namespace).Update(ctx, mapped.GroupResource(), size, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	say("scaled to %d with %d set", size.Spec.Replicas, size.Status.Replicas)
	if err := until(ctx, "the scaled boat", func() bool { return seen.has("skiff: has 4") }); err != nil {
		return err
	}
	if err := boats.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "deletion", func() bool { return seen.has("skiff: deleted") && seen.has("dory: deleted") }); err != nil {
		return err
	}
	say("%s", seen.sorted())
	if err := extensions.Delete(ctx, "boats."+group, metav1.DeleteOptions{}); err != nil {
		return err
	}
	err = until(ctx, "the end of the kind", func() bool {
		_, err := boats.List(ctx, metav1.ListOptions{})
		return apierrors.IsNotFound(err)
	})
	if err != nil {
		return err
	}
	_, err = boats.List(ctx, metav1.ListOptions{})
	say("after its definition: %v", err)
	unknown := client.Resource(appsv1.SchemeGroupVersion.WithResource("flotillas"))
	_, err = unknown.List(ctx, metav1.ListOptions{})
	say("unknown: %s", strings.TrimSpace(fmt.Sprint(err)))
	return nil
}

func hasResource(lists []*metav1.APIResourceList, groupVersion, name string) bool {
	for _, list := range lists {
		if list.GroupVersion != groupVersion {
			continue
		}
		for _, resource := range list.APIResources {
			if resource.Name == name {
				return true
			}
		}
	}
	return false
}
