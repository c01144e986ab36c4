// Prints, for every struct that the stable API groups reach, how encoding/json treats each of its fields. That is what
// decides which fields an object has after it went through a typed server: empty ones vanish, and some always appear.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	resource "k8s.io/api/resource/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// One field as [name, code, struct]: code is
//
//	p pointer or interface   s n b l  string, number, bool, slice or map that is left out when empty
//	o struct, always there   S N B L  the same, always there
//	z struct, left out when empty
//	q quantity, always there
//
// struct names the struct that the field holds, directly or as items or values; "quantity" for a quantity.
type field [3]string

type namedModel interface{ OpenAPIModelName() string }

var (
	shapes    = map[string][]field{}
	marshaler = reflect.TypeFor[json.Marshaler]()
)

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistration.AddToScheme, apps.AddToScheme, authentication.AddToScheme, authorization.AddToScheme,
		autoscaling.AddToScheme, autoscalingv2.AddToScheme, batch.AddToScheme, certificates.AddToScheme,
		coordination.AddToScheme, core.AddToScheme, discovery.AddToScheme, events.AddToScheme, flowcontrol.AddToScheme,
		networking.AddToScheme, node.AddToScheme, policy.AddToScheme, rbac.AddToScheme, resource.AddToScheme,
		scheduling.AddToScheme, storage.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	for _, t := range scheme.AllKnownTypes() {
		visit(t)
	}
	if err := json.NewEncoder(os.Stdout).Encode(shapes); err != nil {
		panic(err)
	}
}

// Returns the name of the struct that values of t hold, "" for those that have none or write themselves.
func visit(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return visit(t.Elem())
	case reflect.Struct:
	default:
		return ""
	}
	if t.Name() == "Quantity" {
		return "quantity"
	}
	model, ok := reflect.New(t).Interface().(namedModel)
	// JSONSchemaProps writes itself and still has a struct's shape.
	if !ok || (t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)) && t.Name() != "JSONSchemaProps" {
		return ""
	}
	name := model.OpenAPIModelName()
	if _, seen := shapes[name]; !seen {
		shapes[name] = nil
		shapes[name] = fieldsOf(t)
	}
	return name
}

func fieldsOf(t reflect.Type) []field {
	fields := []field{}
	for i := range t.NumField() {
		f := t.Field(i)
		parts := strings.Split(f.Tag.Get("json"), ",")
		name, options := parts[0], strings.Join(parts[1:], ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" && !f.Anonymous {
			continue
		}
		if name == "" {
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			fields = append(fields, fieldsOf(embedded)...)
			continue
		}
		fields = append(fields, field{name, codeOf(f.Type, options), visit(f.Type)})
	}
	return fields
}

func codeOf(t reflect.Type, options string) string {
	code := "p"
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return code
	case reflect.Struct:
		// A time writes null for its zero; other structs that write themselves are always there.
		switch {
		case strings.Contains(options, "omitzero"):
			return "z"
		case t.Name() == "Quantity":
			return "q"
		case t.Name() == "Time" || t.Name() == "MicroTime":
			return "L"
		case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler):
			return "p"
		}
		return "o"
	case reflect.String:
		code = "s"
	case reflect.Bool:
		code = "b"
	case reflect.Slice, reflect.Map:
		code = "l"
	default:
		code = "n"
	}
	if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
		code = strings.ToUpper(code)
	}
	return code
}
