// Command peer is the other side of this project's interoperability tests: what
// SPIKE in Go would be, as far as its SDK goes. Clients call the SDK's own
// functions; the keeper, the Nexus and the Bootstrap are stand-ins on the SDK's
// server, message and sharing code.
//
// Each run has one identity, that of its executable or socket, and tells what it
// found on standard output, one JSON object a line.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api"
	"github.com/spiffe/spike-sdk-go/spiffe"
)

// A part is one thing that the peer can be.
type part func(ctx context.Context, source *workloadapi.X509Source, r *report)

var parts = map[string]part{
	"secrets":   secrets,
	"policies":  policies,
	"cipher":    ciphers,
	"workload":  workload,
	"lite":      lite,
	"recover":   recoverShards,
	"refused":   restoreRefused,
	"restore":   restore,
	"waiting":   waiting,
	"bootstrap": bootstrap,
	"again":     bootstrapAgain,
	"keeper":    keeper,
	"nexus":     nexus,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if name == "shares" {
		shares()
		return
	}
	run, ok := parts[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "peer: %q is no part\n", name)
		os.Exit(2)
	}
	ctx := context.Background()
	source := spiffe.SourceOrDie(ctx)
	r := &report{area: name}
	run(ctx, source, r)
	if err := spiffe.CloseSource(source); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// client is the SDK's entry point on a source that is there already.
func client(source *workloadapi.X509Source) *api.API {
	return api.NewWithSource(source)
}
