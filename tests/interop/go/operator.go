package main

import (
	"context"
	"encoding/json"
	"os"
	"sort"
	"strings"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api/entity/data"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
)

// A shard on its way between two runs of this program.
type shard struct {
	Index int    `json:"index"`
	Bytes []byte `json:"bytes"`
}

// recoverShards exports the shards, and writes them as its last line.
func recoverShards(ctx context.Context, source *workloadapi.X509Source, r *report) {
	exported, err := client(source).Recover(ctx)
	r.that("Recover", "one shard for each keeper", err == nil && len(exported) == 3, err)
	shards := []shard{}
	for index, bytes := range exported {
		r.that("Recover", "32 bytes that are not all zero", bytes != nil && *bytes != [32]byte{}, index)
		shards = append(shards, shard{index, bytes[:]})
	}
	sort.Slice(shards, func(i, j int) bool { return shards[i].Index < shards[j].Index })
	emit(shards)
}

// given reads the shards that another run exported.
func given() []shard {
	shards := []shard{}
	if err := json.NewDecoder(os.Stdin).Decode(&shards); err != nil {
		panic(err)
	}
	return shards
}

// restoreRefused tries to replace the key of a Nexus that has one.
func restoreRefused(ctx context.Context, source *workloadapi.X509Source, r *report) {
	s := given()[0]
	_, err := client(source).Restore(ctx, s.Index, (*[32]byte)(s.Bytes))
	r.deviates("a working root key is never replaced").
		fails("Restore", "Nexus has its key", err, sdkErrors.ErrAPIBadRequest)
}

// restore hands shards in, the second one twice, until Nexus has its key again.
func restore(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	hand := func(check string, s shard, want data.RestorationStatus) {
		copied := [32]byte(s.Bytes)
		got, err := a.Restore(ctx, s.Index, &copied)
		r.equals("Restore", check, err, got, &want)
	}
	s := given()
	_, err := a.Restore(ctx, 0, &[32]byte{1})
	r.fails("Restore", "an index of 0", err, sdkErrors.ErrAPIBadRequest)
	_, err = a.Restore(ctx, 1, &[32]byte{})
	r.fails("Restore", "a shard of zeros", err, sdkErrors.ErrAPIBadRequest)
	mistyped := [32]byte(s[0].Bytes)
	mistyped[5] ^= 1
	_, err = a.Restore(ctx, s[0].Index, &mistyped)
	r.deviates("a shard that is not the store's is refused at once").
		fails("Restore", "a mistyped shard", err, sdkErrors.ErrAPIBadRequest)
	one := data.RestorationStatus{ShardsCollected: 1, ShardsRemaining: 1}
	all := data.RestorationStatus{ShardsCollected: 2, Restored: true}
	hand("a first shard", s[1], one)
	hand("the same one again", s[1], one)
	hand("the one that completes them", s[2], all)
	hand("one more than needed", s[0], all)
}

// waiting asks a Nexus that has no root key yet.
func waiting(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	_, err := a.GetSecret(ctx, "a")
	r.fails("GetSecret", "Nexus has no root key yet", err, sdkErrors.ErrStateNotReady)
	r.fails("PutSecret", "Nexus has no root key yet", a.PutSecret(ctx, "a", map[string]string{"k": "v"}), sdkErrors.ErrStateNotReady)
	_, err = a.ListAllPolicies(ctx)
	r.fails("ListAllPolicies", "Nexus has no root key yet", err, sdkErrors.ErrStateNotReady)
	_, err = a.CipherEncryptStream(ctx, strings.NewReader("hello"))
	r.fails("CipherEncryptStream", "Nexus has no root key yet", err, sdkErrors.ErrStateNotReady)
}
