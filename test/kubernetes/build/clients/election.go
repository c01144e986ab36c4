package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	watchtools "k8s.io/client-go/tools/watch"
)

// Three candidates: the first leads and gives up, the second leads and dies without a word, the third takes over.
func election(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	var led leaders
	candidate := func(name string, release bool) (context.CancelFunc, error) {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "helm", Namespace: namespace}, Client: client.CoordinationV1(), LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		running, stop := context.WithCancel(ctx)
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: release,
			LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led.add(name) },
				OnStoppedLeading: func() {},
			},
		})
		if err != nil {
			return stop, err
		}
		go elector.Run(running)
		return stop, nil
	}
	stopFirst, err := candidate("first", true)
	if err != nil {
		return err
	}
	if err := until(ctx, "a first leader", func() bool { return led.newest() == "first" }); err != nil {
		return err
	}
	stopSecond, err := candidate("second", false)
	if err != nil {
		return err
	}
	stopFirst()
	if err := until(ctx, "a second leader", func() bool { return led.newest() == "second" }); err != nil {
		return err
	}
	stopThird, err := candidate("third", true)
	if err != nil {
		return err
	}
	stopSecond()
	if err := until(ctx, "a third leader", func() bool { return led.newest() == "third" }); err != nil {
		return err
	}
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "helm", metav1.GetOptions{})
	if err != nil {
		return err
	}
	say("led: %v, holder %s, transitions %d", led.all(), *lease.Spec.HolderIdentity, *lease.Spec.LeaseTransitions)
	stopThird()
	return nil
}

type leaders struct{ lines journal }

func (r *leaders) add(name string) { r.lines.add("%s", name) }
func (r *leaders) all() []string {
	r.lines.mu.Lock()
	defer r.lines.mu.Unlock()
	return append([]string{}, r.lines.lines...)
}
func (r *leaders) newest() string {
	all := r.all()
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Tokens of service accounts, what they may do, reviews, impersonation.
func identities(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "reader"}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list"}}}}
	if _, err := client.RbacV1().Roles(namespace).Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "robot-reads"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"}, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: namespace}}}
	if _, err := client.RbacV1().RoleBindings(namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return err
	}
	seconds := int64(600)
	issued, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "robot", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	own := rest.AnonymousClientConfig(config)
	own.BearerToken = issued.Status.Token
	robot := kubernetes.NewForConfigOrDie(own)
	self, err := robot.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	say("%s of %v", self.Status.UserInfo.Username, self.Status.UserInfo.Groups)
	may := func(verb, resource string) {
		review, err := robot.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb, Resource: resource}}}, metav1.CreateOptions{})
		if err != nil {
			say("%s %s: %v", verb, resource, err)
			return
		}
		say("%s %s: %t %s", verb, resource, review.Status.Allowed, review.Status.Reason)
	}
	// A cache that has not seen the binding yet would say no.
	err = until(ctx, "the binding to count", func() bool {
		_, err := robot.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
		return err == nil
	})
	if err != nil {
		return err
	}
	may("list", "configmaps")
	may("delete", "configmaps")
	_, err = robot.CoreV1().Secrets(namespace).Get(ctx, "page-00", metav1.GetOptions{})
	say("%t: %v", apierrors.IsForbidden(err), err)
	rules, err := robot.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, rule := range rules.Status.ResourceRules {
		say("may %v %v %v", rule.Verbs, rule.APIGroups, rule.Resources)
	}
	review, err := client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: issued.Status.Token}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	say("review: %t %s", review.Status.Authenticated, review.Status.User.Username)
	own.BearerToken = issued.Status.Token + "x"
	_, err = kubernetes.NewForConfigOrDie(own).CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
	say("a broken token: %t %v", apierrors.IsUnauthorized(err), err)
	if err := client.CoreV1().ServiceAccounts(namespace).Delete(ctx, "robot", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, "the token to end with its account", func() bool {
		_, err := robot.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
		return apierrors.IsUnauthorized(err)
	})
}

// Events that repeat are counted, by patches.
func eventRecorder(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	about, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "clients"})
	for range 3 {
		recorder.Event(about, corev1.EventTypeNormal, "Seen", "there it is")
	}
	selector := "involvedObject.name=watched,reason=Seen"
	var count int32
	err = until(ctx, "three events in one", func() bool {
		list, err := client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
		if err != nil || len(list.Items) != 1 {
			return false
		}
		count = list.Items[0].Count
		return count == 3
	})
	if err != nil {
		return fmt.Errorf("%w (count %d)", err, count)
	}
	newer, err := client.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Seen"})
	if err != nil {
		return err
	}
	for _, event := range newer.Items {
		say("%s %s %s %d by %s", event.Regarding.Name, event.Reason, event.Note, event.DeprecatedCount, event.DeprecatedSource.Component)
	}
	return nil
}

// A watch that goes on by itself, and a wait for a condition.
func retryWatch(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	maps := client.CoreV1().ConfigMaps(namespace)
	list, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	seconds := int64(1)
	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			// Ends after a second: the next goes on where it was.
			options.TimeoutSeconds = &seconds
			return maps.Watch(ctx, options)
		},
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	go func() {
		for i := range 6 {
			_, _ = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("retried-%d", i)}}, metav1.CreateOptions{})
			time.Sleep(400 * time.Millisecond)
		}
	}()
	for i := range 6 {
		select {
		case event := <-watcher.ResultChan():
			object, ok := event.Object.(*corev1.ConfigMap)
			if !ok {
				return fmt.Errorf("event %d is %v", i, event)
			}
			say("%s %s", event.Type, object.Name)
		case <-time.After(10 * time.Second):
			return errors.New("no event for ten seconds")
		}
	}
	return nil
}

// The namespace goes, with all that is in it.
func end(ctx context.Context, config *rest.Config, say func(string, ...any)) error {
	client := kubernetes.NewForConfigOrDie(config)
	if err := client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "too-late"}}, metav1.CreateOptions{})
	say("while it ends: forbidden or gone %t", apierrors.IsForbidden(err) || apierrors.IsNotFound(err))
	err = until(ctx, "the end of the namespace", func() bool {
		_, err := client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	if err != nil {
		return err
	}
	left, err := client.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	say("%d secrets left", len(left.Items))
	return nil
}
