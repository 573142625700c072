package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api/entity/v1/reqres"
	"github.com/spiffe/spike-sdk-go/api/url"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
	"github.com/spiffe/spike-sdk-go/journal"
	"github.com/spiffe/spike-sdk-go/net"
	"github.com/spiffe/spike-sdk-go/spiffeid"
)

// keeper stands in for the original's: one shard, which any Nexus or Bootstrap
// replaces and any Nexus gets; members that it does not know are dropped.
func keeper(_ context.Context, source *workloadapi.X509Source, _ *report) {
	k := &keeperState{}
	serve(source, os.Getenv("SPIKE_KEEPER_TLS_PORT"), spiffeid.PeerCanTalkToKeeper, func(path url.APIURL) net.Handler {
		switch path {
		case url.KeeperContribute:
			return k.contribute
		case url.KeeperShard:
			return k.give
		default:
			return net.Fallback
		}
	})
}

type keeperState struct {
	mu    sync.Mutex
	shard *[32]byte
}

func (k *keeperState) contribute(w http.ResponseWriter, r *http.Request, _ *journal.AuditEntry) *sdkErrors.SDKError {
	answer := reqres.ShardPutResponse{}
	request, err := net.ReadAndParseRequest[reqres.ShardPutRequest](w, r, answer.BadRequest())
	if err != nil {
		return err
	}
	if err := net.RespondErrOnEmptyShard(request.Shard, answer.BadRequest(), w); err != nil {
		return err
	}
	k.mu.Lock()
	k.shard = request.Shard
	k.mu.Unlock()
	return net.Success(answer.Success(), w)
}

func (k *keeperState) give(w http.ResponseWriter, r *http.Request, _ *journal.AuditEntry) *sdkErrors.SDKError {
	refuse := reqres.ShardGetResponse{}
	check := func(peer string) bool { return spiffeid.IsNexus(peer) }
	if err := net.AuthorizeAndRespondOnFailNoPolicy(refuse.Unauthorized(), check, w, r); err != nil {
		return err
	}
	if _, err := net.ReadAndParseRequest[reqres.ShardGetRequest](w, r, refuse.BadRequest()); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shard == nil {
		return net.Fail(refuse.BadRequest(), w, http.StatusBadRequest)
	}
	return net.Success(reqres.ShardGetResponse{Shard: k.shard}.Success(), w)
}

// serve answers each path with its handler until standard input ends, and with it
// whoever started this process.
func serve(source *workloadapi.X509Source, address string, admit func(string) bool, handlerOf func(url.APIURL) net.Handler) {
	route := func(w http.ResponseWriter, r *http.Request, audit *journal.AuditEntry) *sdkErrors.SDKError {
		handler := net.RouteFactory(url.APIURL(r.URL.Path), url.APIAction(r.URL.Query().Get("action")), r.Method,
			func(_ url.APIAction, path url.APIURL) net.Handler { return handlerOf(path) })
		return handler(w, r, audit)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	emit(map[string]string{"event": "serving", "address": address})
	net.ServeWithRoute("peer", source, route, admit, address)
}
