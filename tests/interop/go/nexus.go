package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api/entity/v1/reqres"
	"github.com/spiffe/spike-sdk-go/api/url"
	"github.com/spiffe/spike-sdk-go/config/env"
	"github.com/spiffe/spike-sdk-go/crypto"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
	"github.com/spiffe/spike-sdk-go/journal"
	"github.com/spiffe/spike-sdk-go/net"
	"github.com/spiffe/spike-sdk-go/predicate"
)

// nexus stands in for the original's as far as keepers and Bootstrap see it: it
// collects shards until it has enough, rebuilds the root key unchecked, answers
// Bootstrap's proof, and pushes the shares that it computes to all keepers.
func nexus(ctx context.Context, source *workloadapi.X509Source, _ *report) {
	n := &nexusState{source: source}
	go n.recover(ctx)
	serve(source, os.Getenv("SPIKE_NEXUS_TLS_PORT"), predicate.AllowAll, func(path url.APIURL) net.Handler {
		if n.rootKey() == nil {
			return net.NotReady
		}
		if path == url.NexusBootstrapVerify {
			return n.verify
		}
		return net.Fallback
	})
}

type nexusState struct {
	source *workloadapi.X509Source
	mu     sync.Mutex
	key    *[crypto.AES256KeySize]byte
}

func (n *nexusState) rootKey() *[crypto.AES256KeySize]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.key
}

// recover asks all keepers, round after round. What it collected stays from round
// to round, as in the original.
func (n *nexusState) recover(ctx context.Context) {
	collected := map[string]*[32]byte{}
	for {
		for id, root := range env.KeepersVal() {
			shard, status := n.ask(ctx, root)
			emit(map[string]string{"event": "asked", "keeper": id, "answer": status})
			if shard != nil {
				collected[id] = shard
			}
		}
		if len(collected) >= env.ShamirThresholdVal() {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	key := rebuild(collected)
	n.mu.Lock()
	n.key = key
	n.mu.Unlock()
	n.push(ctx, key)
	hash := sha256.Sum256(key[:])
	emit(map[string]string{"event": "ready", "hash": hex.EncodeToString(hash[:])})
}

func (n *nexusState) ask(ctx context.Context, root string) (*[32]byte, string) {
	body, err := net.Post(ctx, net.CreateMTLSClientForKeeper(n.source), url.ShardFromKeeperAPIRoot(root), []byte("{}"))
	if err != nil {
		return nil, string(err.Code)
	}
	answer := reqres.ShardGetResponse{}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Shard == nil {
		return nil, "unparsable"
	}
	return answer.Shard, "shard"
}

// rebuild interpolates over the first shards that come; it ends the process when
// one is no scalar of P-256.
func rebuild(collected map[string]*[32]byte) *[crypto.AES256KeySize]byte {
	shards := []crypto.ShamirShard{}
	for id, value := range collected {
		index, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			panic(err)
		}
		shards = append(shards, crypto.ShamirShard{ID: index, Value: value})
	}
	return crypto.ComputeRootKeyFromShards(shards[:env.ShamirThresholdVal()])
}

// push gives every keeper the share that circl computes from the key.
func (n *nexusState) push(ctx context.Context, key *[crypto.AES256KeySize]byte) {
	_, shares := crypto.ComputeShares(key)
	for id, root := range env.KeepersVal() {
		index, err := strconv.Atoi(id)
		if err != nil {
			panic(err)
		}
		value, err := shares[index-1].Value.MarshalBinary()
		if err != nil {
			panic(err)
		}
		body, err := json.Marshal(reqres.ShardPutRequest{Shard: (*[32]byte)(value)})
		if err != nil {
			panic(err)
		}
		endpoint := url.KeeperBootstrapContributeEndpoint(root)
		_, pushErr := net.Post(ctx, net.CreateMTLSClientForKeeper(n.source), endpoint, body)
		emit(map[string]any{"event": "pushed", "keeper": id, "ok": pushErr == nil})
	}
}

func (n *nexusState) verify(w http.ResponseWriter, r *http.Request, _ *journal.AuditEntry) *sdkErrors.SDKError {
	answer := reqres.BootstrapVerifyResponse{}
	request, err := net.ReadAndParseRequest[reqres.BootstrapVerifyRequest](w, r, answer.BadRequest())
	if err != nil {
		return err
	}
	text, openErr := aead(*n.rootKey()).Open(nil, request.Nonce, request.Ciphertext, nil)
	if openErr != nil {
		return net.Fail(answer.Internal(), w, http.StatusInternalServerError)
	}
	hash := sha256.Sum256(text)
	answer.Hash = hex.EncodeToString(hash[:])
	return net.Success(answer.Success(), w)
}
