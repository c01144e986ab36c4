package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

func informersInProtobuf(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	return sharedInformers(ctx, config, say, "proto")
}

func informersInJSON(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	return sharedInformers(ctx, config, say, "json")
}

// Shared informers (they stream their first list), their listers and indexes, and one of metadata only.
func sharedInformers(ctx context.Context, config *rest.Config, say func(string, ...any), prefix string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	make := func(name string) error {
		_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: prefix + "-" + name, Labels: map[string]string{"seen": prefix}}, Data: map[string]string{"v": "1"}}, metav1.CreateOptions{})
		return err
	}
	for i := range 10 {
		if err := make(fmt.Sprintf("early-%d", i)); err != nil {
			return err
		}
	}
	var seen, metaSeen journal
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "seen=" + prefix }))
	informer := factory.Core().V1().ConfigMaps()
	if err := informer.Informer().AddIndexers(cache.Indexers{"value": func(object any) ([]string, error) {
		return []string{object.(*corev1.ConfigMap).Data["v"]}, nil
	}}); err != nil {
		return err
	}
	_, err = informer.Informer().AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			seen.add("%s: added (initial %t)", object.(*corev1.ConfigMap).Name, initial)
		},
		UpdateFunc: func(old, object any) {
			seen.add("%s: %s -> %s", object.(*corev1.ConfigMap).Name, old.(*corev1.ConfigMap).Data["v"], object.(*corev1.ConfigMap).Data["v"])
		},
		DeleteFunc: func(object any) {
			if gone, ok := object.(*corev1.ConfigMap); ok {
				seen.add("%s: deleted with %s", gone.Name, gone.Data["v"])
			} else {
				seen.add("%T: missed", object)
			}
		},
	})
	if err != nil {
		return err
	}
	metaClient, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	metaFactory := metadatainformer.NewFilteredSharedInformerFactory(metaClient, 0, namespace, func(options *metav1.ListOptions) { options.LabelSelector = "seen=" + prefix })
	metaInformer := metaFactory.ForResource(corev1.SchemeGroupVersion.WithResource("configmaps")).Informer()
	_, err = metaInformer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { metaSeen.add("%s: added", object.(*metav1.PartialObjectMetadata).Name) },
		DeleteFunc: func(object any) { metaSeen.add("%s: deleted", object.(*metav1.PartialObjectMetadata).Name) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	metaFactory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	metaFactory.WaitForCacheSync(ctx.Done())
	if err := make("late"); err != nil {
		return err
	}
	last := prefix + "-late"
	if err := until(ctx, "late", func() bool { return seen.has(last+": added (initial false)") && metaSeen.has(last+": added") }); err != nil {
		return err
	}
	for _, value := range []string{"2", "3"} {
		patch := []byte(`{"data":{"v":"` + value + `"}}`)
		if _, err := maps.Patch(ctx, last, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	if err := until(ctx, "updates", func() bool { return seen.has(last + ": 2 -> 3") }); err != nil {
		return err
	}
	if _, err := maps.Patch(ctx, prefix+"-early-0", types.MergePatchType, []byte(`{"metadata":{"labels":{"seen":"no"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, last, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "deletion", func() bool { return seen.has(last+": deleted with 3") && metaSeen.has(last+": deleted") }); err != nil {
		return err
	}
	kept, err := informer.Lister().ConfigMaps(namespace).List(labels.Everything())
	if err != nil {
		return err
	}
	indexed, err := informer.Informer().GetIndexer().ByIndex("value", "1")
	if err != nil {
		return err
	}
	say("%s\nlisted %d, indexed %d\nmetadata:\n%s", seen.sorted(), len(kept), len(indexed), metaSeen.sorted())
	return nil
}
