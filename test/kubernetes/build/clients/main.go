// Does with client-go what controllers do, and prints what it sees, a line for each thing. Two servers that are Kubernetes
// to their clients get the same lines.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// Everything happens in this namespace, which the last part deletes.
const namespace = "client-go"

// A part of the program. Its lines are compared.
type part struct {
	name string
	run  func(ctx context.Context, config *rest.Config, say func(format string, args ...any)) error
}

var parts = []part{
	{"typed", typed},
	{"errors", errorsSeen},
	{"apply", apply},
	{"paging", paging},
	{"informers", informersInJSON},
	{"informers in protobuf", informersInProtobuf},
	{"dynamic", dynamicClient},
	{"election", election},
	{"identities", identities},
	{"events", eventRecorder},
	{"retry watch", retryWatch},
	{"end", end},
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "of an administrator")
	flag.Parse()
	klog.SetOutput(os.Stderr)
	klog.LogToStderr(false)
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	config.QPS, config.Burst = -1, 0
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	for _, part := range parts {
		fmt.Printf("# %s\n", part.name)
		say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
		if err := part.run(ctx, rest.CopyConfig(config), say); err != nil {
			fmt.Printf("failed: %v\n", err)
		}
	}
}

// Waits until the condition holds.
func until(ctx context.Context, what string, condition func() bool) error {
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain for %s", what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Lines of several goroutines.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (r *journal) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *journal) has(line string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if l == line {
			return true
		}
	}
	return false
}

// The lines, those of one object in their order, objects by name.
func (r *journal) sorted() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	byObject := map[string][]string{}
	for _, line := range r.lines {
		object, what, _ := strings.Cut(line, ": ")
		byObject[object] = append(byObject[object], what)
	}
	var out []string
	for object, what := range byObject {
		out = append(out, object+": "+strings.Join(what, ", "))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}
