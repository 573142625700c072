package main

import (
	"encoding/json"
	"os"
	"strconv"

	"github.com/spiffe/spike-sdk-go/crypto"
)

// A splitting says what to share, or what was shared.
type splitting struct {
	Root      []byte  `json:"root"`
	Threshold int     `json:"threshold"`
	Shares    int     `json:"shares"`
	Made      []shard `json:"made"`
}

// shares computes with the SDK, and through it with circl: for each splitting on
// standard input the shares of its root key, or the root key from those given.
func shares() {
	asked := []splitting{}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	for i := range asked {
		s := &asked[i]
		os.Setenv("SPIKE_NEXUS_SHAMIR_THRESHOLD", strconv.Itoa(s.Threshold))
		os.Setenv("SPIKE_NEXUS_SHAMIR_SHARES", strconv.Itoa(s.Shares))
		if len(s.Made) > 0 {
			s.Root = combined(s.Made)
			continue
		}
		s.Made = computed((*[crypto.AES256KeySize]byte)(s.Root))
	}
	emit(asked)
}

func computed(root *[crypto.AES256KeySize]byte) []shard {
	_, made := crypto.ComputeShares(root)
	out := []shard{}
	for i, share := range made {
		bytes, err := share.Value.MarshalBinary()
		if err != nil {
			panic(err)
		}
		out = append(out, shard{i + 1, bytes})
	}
	return out
}

func combined(made []shard) []byte {
	given := []crypto.ShamirShard{}
	for _, s := range made {
		given = append(given, crypto.ShamirShard{ID: uint64(s.Index), Value: (*[32]byte)(s.Bytes)})
	}
	return crypto.ComputeRootKeyFromShards(given)[:]
}
