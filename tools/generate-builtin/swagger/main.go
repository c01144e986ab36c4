// Turns an OpenAPI v2 document (JSON, standard input) into the protobuf form that kubectl before 1.30 insists on.
package main

import (
	"io"
	"os"

	"k8s.io/kube-openapi/pkg/handler"
)

func main() {
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	message, err := handler.ToProtoBinary(document)
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.Write(message); err != nil {
		panic(err)
	}
}
