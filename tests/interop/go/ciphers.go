package main

import (
	"bytes"
	"context"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api/entity/v1/reqres"
	apiURL "github.com/spiffe/spike-sdk-go/api/url"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
	"github.com/spiffe/spike-sdk-go/net"
)

const (
	limit  = 65536
	header = 1 + 12
	tag    = 16
)

// ciphers runs all calls of the encryption service as the superuser.
func ciphers(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	for _, plaintext := range [][]byte{{}, []byte("hello"), bytes.Repeat([]byte{0xff}, limit-tag)} {
		blob, err := a.CipherEncryptStream(ctx, bytes.NewReader(plaintext))
		r.that("CipherEncryptStream", "version, nonce, ciphertext and tag", err == nil &&
			len(blob) == header+len(plaintext)+tag && blob[0] == 1, len(blob))
		open, err := a.CipherDecryptStream(ctx, bytes.NewReader(blob))
		r.that("CipherDecryptStream", "gives the plaintext back", err == nil && bytes.Equal(open, plaintext), err)
	}
	blob, _ := a.CipherEncryptStream(ctx, bytes.NewReader([]byte("hello")))
	for _, bad := range []struct {
		what string
		blob []byte
	}{
		{"nothing", nil},
		{"another version", append([]byte{2}, blob[1:]...)},
		{"half a nonce", blob[:7]},
		{"a changed tag", append(append([]byte{}, blob[:len(blob)-1]...), blob[len(blob)-1]^1)},
		{"too much", bytes.Repeat([]byte{1}, limit+header+1)},
	} {
		_, err := a.CipherDecryptStream(ctx, bytes.NewReader(bad.blob))
		r.fails("CipherDecryptStream", bad.what, err, sdkErrors.ErrAPIBadRequest)
	}
	_, err := a.CipherEncryptStream(ctx, bytes.NewReader(make([]byte, limit+1)))
	r.fails("CipherEncryptStream", "too much", err, sdkErrors.ErrAPIBadRequest)
	_, err = a.CipherEncryptStream(ctx, bytes.NewReader(make([]byte, limit-tag+1)))
	r.deviates("a plaintext has at most 65,520 bytes, so that every ciphertext can be decrypted").
		fails("CipherEncryptStream", "a plaintext whose ciphertext is too long", err, sdkErrors.ErrAPIBadRequest)

	ciphertext, err := a.CipherEncrypt(ctx, []byte("hello"), "AES-GCM")
	r.that("CipherEncrypt", "ciphertext and tag", err == nil && len(ciphertext) == 5+tag, err)
	request := reqres.CipherEncryptRequest{Plaintext: []byte("hello")}
	whole, err := net.DoPost[reqres.CipherEncryptResponse](ctx, source, apiURL.CipherEncrypt(), request)
	r.that("CipherEncryptRequest", "version and nonce, which the SDK's function drops", err == nil &&
		whole.Version == 1 && len(whole.Nonce) == 12, whole)
	open, err := a.CipherDecrypt(ctx, whole.Version, whole.Nonce, whole.Ciphertext, "AES-GCM")
	r.equals("CipherDecrypt", "gives the plaintext back", err, string(open), "hello")
	open, err = a.CipherDecrypt(ctx, blob[0], blob[1:header], blob[header:], "")
	r.equals("CipherDecrypt", "what was encrypted as a stream", err, string(open), "hello")
	_, err = a.CipherDecrypt(ctx, 2, whole.Nonce, whole.Ciphertext, "")
	r.fails("CipherDecrypt", "another version", err, sdkErrors.ErrAPIBadRequest)
	_, err = a.CipherDecrypt(ctx, 1, whole.Nonce[:11], whole.Ciphertext, "")
	r.fails("CipherDecrypt", "a nonce of 11 bytes", err, sdkErrors.ErrAPIBadRequest)
	whole.Ciphertext[0] ^= 1
	_, err = a.CipherDecrypt(ctx, 1, whole.Nonce, whole.Ciphertext, "")
	r.fails("CipherDecrypt", "a changed ciphertext is the server's error", err, sdkErrors.ErrNetPeerConnection)
}
