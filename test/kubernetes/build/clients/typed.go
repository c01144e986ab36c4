package main

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

func deployment(name string, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example/app:1"}}},
			},
		},
	}
}

// Typed objects in JSON and in protobuf, subresources, conflicts that are tried again.
func typed(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	plain := kubernetes.NewForConfigOrDie(config)
	if _, err := plain.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, contentType := range []string{"application/json", "application/vnd.kubernetes.protobuf", "application/cbor"} {
		encoded := rest.CopyConfig(config)
		encoded.ContentType = contentType
		encoded.AcceptContentTypes = contentType + ",application/json"
		client, err := kubernetes.NewForConfig(encoded)
		if err != nil {
			return err
		}
		name := strings.ReplaceAll(contentType[len("application/"):], ".", "-")
		made, err := client.AppsV1().Deployments(namespace).Create(ctx, deployment(name, 2), metav1.CreateOptions{})
		if err != nil {
			say("%s: %v", contentType, err)
			continue
		}
		say("%s: created %s, strategy %s, grace %d, generation %d", contentType, made.Name, made.Spec.Strategy.Type, *made.Spec.Template.Spec.TerminationGracePeriodSeconds, made.Generation)
		scale, err := client.AppsV1().Deployments(namespace).GetScale(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		scaled, err := client.AppsV1().Deployments(namespace).UpdateScale(ctx, name, &autoscalingv1.Scale{ObjectMeta: scale.ObjectMeta, Spec: autoscalingv1.ScaleSpec{Replicas: 5}}, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		say("%s: scaled from %d to %d, selector %s", contentType, scale.Spec.Replicas, scaled.Spec.Replicas, scaled.Status.Selector)
		stale := made.DeepCopy()
		stale.Labels["stale"] = "yes"
		_, err = client.AppsV1().Deployments(namespace).Update(ctx, stale, metav1.UpdateOptions{})
		say("%s: stale update is a conflict: %t", contentType, apierrors.IsConflict(err))
		err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
			fresh, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			fresh.Status.Replicas = 5
			fresh.Status.ObservedGeneration = fresh.Generation
			fresh.Spec.Paused = true // not part of the status: dropped
			updated, err := client.AppsV1().Deployments(namespace).UpdateStatus(ctx, fresh, metav1.UpdateOptions{})
			if err == nil {
				say("%s: status %d of generation %d, paused %t", contentType, updated.Status.Replicas, updated.Status.ObservedGeneration, updated.Spec.Paused)
			}
			return err
		})
		if err != nil {
			return err
		}
		patched, err := client.AppsV1().Deployments(namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"registry.example/side:1"}]}}}}`), metav1.PatchOptions{})
		if err != nil {
			return err
		}
		say("%s: %d containers after a strategic merge, generation %d", contentType, len(patched.Spec.Template.Spec.Containers), patched.Generation)
		list, err := client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app in (" + name + ")"})
		if err != nil {
			return err
		}
		say("%s: %d in the list", contentType, len(list.Items))
		foreground := metav1.DeletePropagationForeground
		if err := client.AppsV1().Deployments(namespace).Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
			return err
		}
		err = until(ctx, "deletion", func() bool {
			_, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
		if err != nil {
			return err
		}
	}
	version, err := plain.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	say("version %s.%s", version.Major, version.Minor)
	return nil
}

// Errors as client-go tells them apart.
func errorsSeen(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	maps := client.CoreV1().ConfigMaps(namespace)
	tell := func(what string, err error) {
		reason := apierrors.ReasonForError(err)
		status, ok := err.(apierrors.APIStatus)
		if !ok {
			say("%s: no status: %v", what, err)
			return
		}
		causes := []string{}
		if details := status.Status().Details; details != nil {
			for _, cause := range details.Causes {
				causes = append(causes, fmt.Sprintf("%s at %s", cause.Type, cause.Field))
			}
		}
		say("%s: %s %d %s %v", what, reason, status.Status().Code, err, causes)
	}
	_, err := maps.Get(ctx, "absent", metav1.GetOptions{})
	tell("get", err)
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "there"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "there"}}, metav1.CreateOptions{})
	tell("create again", err)
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Not_a_name"}, Data: map[string]string{"a b": "c"}}, metav1.CreateOptions{})
	tell("bad names", err)
	_, err = client.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "empty"}}, metav1.CreateOptions{})
	tell("empty deployment", err)
	err = maps.Delete(ctx, "there", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("other")})
	_ = err
	say("precondition: conflict %t", apierrors.IsConflict(err))
	_, err = client.CoreV1().ConfigMaps("no-such-namespace").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{})
	tell("no namespace", err)
	_, err = maps.List(ctx, metav1.ListOptions{LabelSelector: "a=b=c"})
	tell("bad selector", err)
	_, err = maps.List(ctx, metav1.ListOptions{ResourceVersion: "many"})
	tell("bad resourceVersion", err)
	_, err = maps.Patch(ctx, "there", types.JSONPatchType, []byte(`[{"op":"test","path":"/data/a","value":"b"}]`), metav1.PatchOptions{})
	tell("failed test of a patch", err)
	_, err = maps.Watch(ctx, metav1.ListOptions{ResourceVersion: "99999999999"})
	tell("watch from the future", err)
	immutable := true
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "fixed"}, Immutable: &immutable, Data: map[string]string{"a": "b"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = maps.Patch(ctx, "fixed", types.MergePatchType, []byte(`{"data":{"a":"c"}}`), metav1.PatchOptions{})
	tell("immutable", err)
	impersonating := rest.CopyConfig(config)
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: "jane", Groups: []string{"visitors"}}
	_, err = kubernetes.NewForConfigOrDie(impersonating).CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{})
	tell("forbidden", err)
	return nil
}

// Server-side apply with typed configurations: what is owned, conflicts, extraction.
func apply(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	deployments := client.AppsV1().Deployments(namespace)
	wanted := func(image string) *appsapply.DeploymentApplyConfiguration {
		return appsapply.Deployment("applied", namespace).WithSpec(appsapply.DeploymentSpec().
			WithSelector(metaapply.LabelSelector().WithMatchLabels(map[string]string{"app": "applied"})).
			WithTemplate(coreapply.PodTemplateSpec().WithLabels(map[string]string{"app": "applied"}).
				WithSpec(coreapply.PodSpec().WithContainers(coreapply.Container().WithName("main").WithImage(image)))))
	}
	if _, err := deployments.Apply(ctx, wanted("registry.example/a:1"), metav1.ApplyOptions{FieldManager: "first"}); err != nil {
		return err
	}
	_, err := deployments.Apply(ctx, wanted("registry.example/a:2"), metav1.ApplyOptions{FieldManager: "second"})
	say("conflict: %v", err)
	made, err := deployments.Apply(ctx, wanted("registry.example/a:2"), metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil {
		return err
	}
	for _, entry := range made.ManagedFields {
		say("%s %s: %s", entry.Manager, entry.Operation, entry.FieldsV1.Raw)
	}
	for _, manager := range []string{"first", "second"} {
		extracted, err := appsapply.ExtractDeployment(made, manager)
		if err != nil {
			return err
		}
		images := []string{}
		if extracted.Spec != nil && extracted.Spec.Template != nil && extracted.Spec.Template.Spec != nil {
			for _, container := range extracted.Spec.Template.Spec.Containers {
				if container.Image != nil {
					images = append(images, *container.Image)
				}
			}
		}
		say("%s owns images %v", manager, images)
	}
	return deployments.Delete(ctx, "applied", metav1.DeleteOptions{})
}

// Pages of one snapshot, in the order of keys, with what remains.
func paging(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	secrets := client.CoreV1().Secrets(namespace)
	for i := range 25 {
		_, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", i), Labels: map[string]string{"odd": fmt.Sprint(i%2 == 1)}}, StringData: map[string]string{"n": fmt.Sprint(i)}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	first, err := secrets.List(ctx, metav1.ListOptions{Limit: 7})
	if err != nil {
		return err
	}
	say("first page %d, remaining %d", len(first.Items), *first.RemainingItemCount)
	if err := secrets.Delete(ctx, "page-20", metav1.DeleteOptions{}); err != nil {
		return err
	}
	second, err := secrets.List(ctx, metav1.ListOptions{Limit: 100, Continue: first.Continue})
	if err != nil {
		return err
	}
	say("second page %d, the same snapshot: %t", len(second.Items), second.ResourceVersion == first.ResourceVersion)
	names := []string{}
	p := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		return secrets.List(ctx, options)
	}))
	p.PageSize = 4
	err = p.EachListItem(ctx, metav1.ListOptions{LabelSelector: "odd=true"}, func(object runtime.Object) error {
		names = append(names, object.(*corev1.Secret).Name)
		return nil
	})
	say("%v", names)
	if err != nil {
		return err
	}
	err = secrets.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "odd=true"})
	if err != nil {
		return err
	}
	left, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name!=page-00"})
	if err != nil {
		return err
	}
	say("%d left", len(left.Items))
	return nil
}
