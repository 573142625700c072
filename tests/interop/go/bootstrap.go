package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/crypto"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
)

// bootstrap is the original's: it draws a root key, gives every keeper its share
// and proves to Nexus that it has the same key.
func bootstrap(ctx context.Context, source *workloadapi.X509Source, r *report) {
	var key [crypto.AES256KeySize]byte
	a := client(source)
	for _, share := range crypto.RootShares(&key) {
		id, err := share.ID.MarshalBinary()
		if err != nil {
			panic(err)
		}
		keeper := new(big.Int).SetBytes(id).String()
		r.works("Contribute", "a share to keeper "+keeper, a.Contribute(ctx, share, keeper))
	}
	text, nonce, ciphertext := probe(key)
	// Nexus may not have asked all keepers yet; whatever it answers but a wrong hash,
	// which ends the process, is tried again.
	err := a.Verify(ctx, text, nonce, ciphertext)
	for i := 0; err != nil && i < 120; i++ {
		time.Sleep(500 * time.Millisecond)
		err = a.Verify(ctx, text, nonce, ciphertext)
	}
	r.works("Verify", "Nexus has the key", err)
	text, nonce, ciphertext = probe([crypto.AES256KeySize]byte{1})
	r.fails("Verify", "a proof under another key is the server's error",
		a.Verify(ctx, text, nonce, ciphertext), sdkErrors.ErrNetPeerConnection)
	r.fails("Verify", "a nonce of 11 bytes", a.Verify(ctx, text, nonce[1:], ciphertext), sdkErrors.ErrAPIBadRequest)
}

// bootstrapAgain gives the keepers of a system that lives shares of another key.
func bootstrapAgain(ctx context.Context, source *workloadapi.X509Source, r *report) {
	var key [crypto.AES256KeySize]byte
	share := crypto.RootShares(&key)[0]
	r.deviates("a keeper that Nexus has given its shard takes none from Bootstrap").
		fails("Contribute", "to a system that lives", client(source).Contribute(ctx, share, "1"), sdkErrors.ErrAPIBadRequest)
}

// probe is a random text, encrypted under the root key itself.
func probe(key [crypto.AES256KeySize]byte) (string, []byte, []byte) {
	random := make([]byte, 32)
	nonce := make([]byte, crypto.GCMNonceSize)
	for _, bytes := range [][]byte{random, nonce} {
		if _, err := rand.Read(bytes); err != nil {
			panic(err)
		}
	}
	text := hex.EncodeToString(random)
	return text, nonce, aead(key).Seal(nil, nonce, []byte(text), nil)
}

func aead(key [crypto.AES256KeySize]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprint("no GCM: ", err))
	}
	return gcm
}
