// Command load drives one API server and prints what it managed: operations and events per second, and the processor time
// that it took for itself, so that a report can say how far the generator was the bottleneck. Standard library only.
//
//	load -kubeconfig FILE.json -namespace NS -row create|patch|apply|get|list|watch [-count N] [-clients N] [-watchers N] [-connections N] [-hold]
//
// The kubeconfig is a JSON object: server, ca, and cert and key, or token.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type credentials struct{ Server, CA, Cert, Key, Token string }

type result struct {
	Row        string  `json:"row"`
	Count      int     `json:"count"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	Bytes      int64   `json:"bytes,omitempty"`
}

var (
	kubeconfig  = flag.String("kubeconfig", "", "JSON file with server, ca, and cert and key or token")
	namespace   = flag.String("namespace", "bench-load", "namespace of the objects")
	row         = flag.String("row", "create", "what to do")
	count       = flag.Int("count", 10000, "operations, or changes that watchers are told")
	clients     = flag.Int("clients", 32, "requests under way at a time")
	watchers    = flag.Int("watchers", 200, "watches open at a time")
	connections = flag.Int("connections", 8, "connections that requests and watches share")
	size        = flag.Int("size", 800, "bytes of data in an object")
	hold        = flag.Bool("hold", false, "leave the watches open until standard input ends")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	text, err := os.ReadFile(*kubeconfig)
	check(err)
	var given credentials
	check(json.Unmarshal(text, &given))
	load := &loader{server: given.Server, token: given.Token, http: clientsOf(given)}
	before := cpuSeconds()
	done := result{Row: *row, Count: *count}
	switch *row {
	case "create":
		done.Seconds = load.each(func(c *http.Client, i int) { load.send(c, "POST", load.path(""), "application/json", object(i), 201) })
	case "get":
		done.Seconds = load.each(func(c *http.Client, i int) { load.send(c, "GET", load.path(name(i)), "", "", 200) })
	case "patch":
		done.Seconds = load.each(func(c *http.Client, i int) {
			load.send(c, "PATCH", load.path(name(i)), "application/merge-patch+json", fmt.Sprintf(`{"data":{"n":"%d"}}`, i), 200)
		})
	case "apply":
		done.Seconds = load.each(func(c *http.Client, i int) {
			load.send(c, "PATCH", load.path(name(i))+"?fieldManager=load&force=true", "application/apply-patch+yaml", object(i), 200)
		})
	case "list":
		*clients = 1
		done.Seconds = load.each(func(c *http.Client, i int) { load.send(c, "GET", load.path("")+"?resourceVersion=0", "", "", 200) })
	case "watch":
		done.Count = *count * *watchers
		done.Seconds = load.watch()
	default:
		log.Fatalf("Cannot do %q", *row)
	}
	done.CPUSeconds = cpuSeconds() - before
	done.Bytes = load.bytes.Load()
	check(json.NewEncoder(os.Stdout).Encode(done))
	if *hold {
		_, err = io.Copy(io.Discard, os.Stdin)
		check(err)
	}
}

type loader struct {
	server string
	token  string
	http   []*http.Client
	bytes  atomic.Int64
}

// One client is one HTTP/2 connection.
func clientsOf(given credentials) []*http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(given.CA))
	var certificates []tls.Certificate
	if given.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(given.Cert), []byte(given.Key))
		check(err)
		certificates = append(certificates, pair)
	}
	all := make([]*http.Client, *connections)
	for i := range all {
		all[i] = &http.Client{Transport: &http.Transport{
			TLSClientConfig:    &tls.Config{RootCAs: pool, Certificates: certificates},
			ForceAttemptHTTP2:  true,
			DisableCompression: true,
		}}
	}
	return all
}

func (l *loader) path(name string) string {
	return strings.TrimSuffix("/api/v1/namespaces/"+*namespace+"/configmaps/"+name, "/")
}

func (l *loader) request(method, path, body string) *http.Request {
	request, err := http.NewRequest(method, l.server+path, strings.NewReader(body))
	check(err)
	if l.token != "" {
		request.Header.Set("Authorization", "Bearer "+l.token)
	}
	return request
}

func (l *loader) send(client *http.Client, method, path, contentType, body string, want int) {
	request := l.request(method, path, body)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := client.Do(request)
	check(err)
	if answer.StatusCode != want {
		text, _ := io.ReadAll(answer.Body)
		log.Fatalf("Cannot %s %s: %s: %s", method, path, answer.Status, text)
	}
	read, err := io.Copy(io.Discard, answer.Body)
	check(err)
	l.bytes.Add(read)
	check(answer.Body.Close())
}

// Does it count times, in as many lanes as there are clients, and returns the seconds that it took.
func (l *loader) each(work func(client *http.Client, i int)) float64 {
	var next atomic.Int64
	var lanes sync.WaitGroup
	// Connections are made before the clock starts.
	for _, client := range l.http {
		l.send(client, "GET", "/version", "", "", 200)
	}
	started := time.Now()
	for lane := range *clients {
		lanes.Go(func() {
			for i := next.Add(1) - 1; i < int64(*count); i = next.Add(1) - 1 {
				work(l.http[lane%len(l.http)], int(i))
			}
		})
	}
	lanes.Wait()
	return time.Since(started).Seconds()
}

// Opens all watches, then makes the changes, and waits until each watcher has been told each of them.
func (l *loader) watch() float64 {
	from := l.resourceVersion()
	wanted := int64(*count) * int64(*watchers)
	var told atomic.Int64
	all := make(chan struct{})
	for w := range *watchers {
		answer, err := l.http[w%len(l.http)].Do(l.request("GET", l.path("")+"?watch=1&resourceVersion="+from, ""))
		check(err)
		if answer.StatusCode != 200 {
			log.Fatalf("Cannot watch: %s", answer.Status)
		}
		go func() {
			reader := bufio.NewReaderSize(answer.Body, 64<<10)
			for {
				chunk, err := reader.Peek(1)
				if err != nil || len(chunk) == 0 {
					log.Fatalf("A watch ended: %v", err)
				}
				chunk, _ = reader.Peek(reader.Buffered())
				l.bytes.Add(int64(len(chunk)))
				if n := int64(bytes.Count(chunk, []byte{'\n'})); n > 0 && told.Add(n) >= wanted {
					select {
					case all <- struct{}{}:
					default:
					}
				}
				if _, err := reader.Discard(len(chunk)); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	started := time.Now()
	changes := make(chan struct{})
	go func() {
		l.each(func(c *http.Client, i int) {
			l.send(c, "PATCH", l.path(name(i)), "application/merge-patch+json", fmt.Sprintf(`{"data":{"w":"%d"}}`, started.UnixNano()), 200)
		})
		close(changes)
	}()
	<-all
	took := time.Since(started).Seconds()
	<-changes
	return took
}

func (l *loader) resourceVersion() string {
	answer, err := l.http[0].Do(l.request("GET", l.path("")+"?limit=1", ""))
	check(err)
	defer answer.Body.Close()
	var list struct {
		Metadata struct{ ResourceVersion string }
	}
	check(json.NewDecoder(answer.Body).Decode(&list))
	return list.Metadata.ResourceVersion
}

func name(i int) string { return fmt.Sprintf("o%d", i) }

func object(i int) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"o%d","namespace":%q,"labels":{"app":"bench","shard":"%d"}},"data":{"text":"%s"}}`,
		i, *namespace, i%10, strings.Repeat("x", *size))
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
