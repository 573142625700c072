package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api"
	"github.com/spiffe/spike-sdk-go/api/entity/data"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
)

const exampleURLPath = "tenants/acme/example"

// secrets runs all calls on secrets as the superuser.
func secrets(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	values(ctx, a, r)
	example(ctx, a, r)
	lists(ctx, a, r)
	refusals(ctx, a, r)
}

func values(ctx context.Context, a *api.API, r *report) {
	const path = "tenants/acme/db/creds"
	first := map[string]string{"user": "ada", "pass": "lovelace"}
	odd := map[string]string{"a b-C_1": "\u043a\u043b\u044e\u0447\n\x00\t\"<&>\u2028", "empty": "", "k": strings.Repeat("x", 4096)}
	r.works("PutSecret", "a first version", a.PutSecret(ctx, path, first))
	got, err := a.GetSecret(ctx, path)
	r.equals("GetSecret", "the current version", err, got, &data.Secret{Data: first})
	r.works("PutSecret", "values of any text", a.PutSecret(ctx, path+"/odd", odd))
	got, err = a.GetSecret(ctx, path+"/odd")
	r.equals("GetSecret", "values come back as they were", err, got, &data.Secret{Data: odd})
	r.works("PutSecret", "a second version", a.PutSecret(ctx, path, map[string]string{"user": "b"}))
	got, err = a.GetSecretVersion(ctx, path, 1)
	r.equals("GetSecretVersion", "an earlier version", err, got, &data.Secret{Data: first})
	got, err = a.GetSecretVersion(ctx, path, 0)
	r.equals("GetSecretVersion", "0 is the current one", err, got, &data.Secret{Data: map[string]string{"user": "b"}})
	_, err = a.GetSecretVersion(ctx, path, 9)
	r.fails("GetSecretVersion", "no such version", err, sdkErrors.ErrAPINotFound)
	_, err = a.GetSecret(ctx, "no/such/secret")
	r.fails("GetSecret", "no such secret", err, sdkErrors.ErrAPINotFound)
}

// example goes through ten steps of put, delete and undelete and looks at the
// metadata after each.
func example(ctx context.Context, a *api.API, r *report) {
	put := func(v string) func() *sdkErrors.SDKError {
		return func() *sdkErrors.SDKError { return a.PutSecret(ctx, exampleURLPath, map[string]string{"v": v}) }
	}
	del := func(versions ...int) func() *sdkErrors.SDKError {
		return func() *sdkErrors.SDKError { return a.DeleteSecretVersions(ctx, exampleURLPath, versions) }
	}
	undel := func(versions ...int) func() *sdkErrors.SDKError {
		return func() *sdkErrors.SDKError { return a.UndeleteSecret(ctx, exampleURLPath, versions) }
	}
	whole := func() *sdkErrors.SDKError { return a.DeleteSecret(ctx, exampleURLPath) }
	steps := []struct {
		call, what string
		do         func() *sdkErrors.SDKError
		current    int
		oldest     int
		live       string
	}{
		{"PutSecret", "version 1", put("a"), 1, 1, "1"},
		{"PutSecret", "version 2", put("b"), 2, 1, "1 2"},
		{"PutSecret", "version 3", put("c"), 3, 1, "1 2 3"},
		{"DeleteSecretVersions", "an earlier version", del(1), 3, 2, "2 3"},
		{"DeleteSecret", "deletes the current version", whole, 2, 2, "2"},
		{"DeleteSecretVersions", "the last one left", del(2), 0, 0, ""},
		{"UndeleteSecret", "without versions: the newest", undel(), 3, 3, "3"},
		{"UndeleteSecret", "an earlier version", undel(1), 3, 1, "1 3"},
		{"PutSecret", "version 4", put("d"), 4, 1, "1 3 4"},
	}
	for _, s := range steps {
		r.works(s.call, s.what, s.do())
		m, err := a.GetSecretMetadata(ctx, exampleURLPath, 0)
		if s.current == 0 {
			r.fails("GetSecretMetadata", "after "+s.call+", "+s.what, err, sdkErrors.ErrAPINotFound)
			_, err = a.GetSecret(ctx, exampleURLPath)
			r.fails("GetSecret", "all versions deleted", err, sdkErrors.ErrAPINotFound)
			continue
		}
		want := fmt.Sprintf("%d %d: %s", s.current, s.oldest, s.live)
		r.equals("GetSecretMetadata", "after "+s.call+", "+s.what, err, summary(m), want)
	}
	m, err := a.GetSecretMetadata(ctx, exampleURLPath, 0)
	r.that("GetSecretMetadata", "times", err == nil && plausible(m), m)
	r.equals("GetSecretMetadata", "largest number of versions", err, m.Metadata.MaxVersions, 10)
	numbered := err == nil && len(m.Versions) == 4
	for n, v := range m.Versions {
		numbered = numbered && n == v.Version
	}
	r.deviates("every version stands under its own number, whatever the store").
		that("GetSecretMetadata", "numbers of versions", numbered, m)
	reused := a.DeleteSecret(ctx, exampleURLPath)
	if reused == nil {
		reused = a.PutSecret(ctx, exampleURLPath, map[string]string{"v": "e"})
	}
	m, err = a.GetSecretMetadata(ctx, exampleURLPath, 0)
	r.deviates("a version's number is never given twice").
		that("PutSecret", "after the current version was deleted", reused == nil && err == nil && m.Metadata.CurrentVersion == 5, m)
	err = a.UndeleteSecret(ctx, exampleURLPath, []int{0})
	r.deviates("version 0 stands for the newest deleted one").
		works("UndeleteSecret", "version 0", err)
	_, err = a.GetSecretMetadata(ctx, exampleURLPath, 9)
	r.fails("GetSecretMetadata", "no such version", err, sdkErrors.ErrAPINotFound)
}

// summary is current, oldest and the live versions.
func summary(m *data.SecretMetadata) string {
	if m == nil {
		return ""
	}
	live := []string{}
	for n := 1; n <= 10; n++ {
		if v, ok := m.Versions[n]; ok && v.DeletedTime == nil {
			live = append(live, fmt.Sprint(n))
		}
	}
	return fmt.Sprintf("%d %d: %s", m.Metadata.CurrentVersion, m.Metadata.OldestVersion, strings.Join(live, " "))
}

func plausible(m *data.SecretMetadata) bool {
	recent := func(t time.Time) bool { return time.Since(t) < time.Hour && time.Until(t) < time.Minute }
	for _, v := range m.Versions {
		if !recent(v.CreatedTime) || v.DeletedTime != nil && v.DeletedTime.Before(v.CreatedTime) {
			return false
		}
	}
	return recent(m.Metadata.CreatedTime) && !m.Metadata.UpdatedTime.Before(m.Metadata.CreatedTime)
}

func lists(ctx context.Context, a *api.API, r *report) {
	keys, err := a.ListSecretKeys(ctx)
	want := &[]string{"tenants/acme/db/creds", "tenants/acme/db/creds/odd", exampleURLPath}
	r.equals("ListSecretKeys", "all paths, sorted", err, keys, want)
	gone := a.PutSecret(ctx, "z/deleted", map[string]string{"k": "v"})
	if gone == nil {
		gone = a.DeleteSecret(ctx, "z/deleted")
	}
	keys, err = a.ListSecretKeys(ctx)
	r.that("ListSecretKeys", "a secret whose versions are all deleted stays listed",
		gone == nil && err == nil && (*keys)[len(*keys)-1] == "z/deleted", keys)
}

func refusals(ctx context.Context, a *api.API, r *report) {
	value := map[string]string{"k": "v"}
	for _, bad := range [][2]string{
		{"an empty path", ""},
		{"a path with a blank", "a b"},
		{"a path that is not ASCII", "caf\u00e9"},
		{"a path of 501 bytes", strings.Repeat("p", 501)},
		{"a path with ^", "^a"},
	} {
		r.fails("PutSecret", bad[0], a.PutSecret(ctx, bad[1], value), sdkErrors.ErrAPIBadRequest)
		_, err := a.GetSecret(ctx, bad[1])
		r.fails("GetSecret", bad[0], err, sdkErrors.ErrAPIBadRequest)
	}
	longest := strings.Repeat("p", 500)
	r.works("PutSecret", "a path of 500 bytes", a.PutSecret(ctx, longest, value))
	r.works("PutSecret", "a version without values", a.PutSecret(ctx, "a", map[string]string{}))
	r.fails("PutSecret", "a key with a dot", a.PutSecret(ctx, "a", map[string]string{"tls.crt": "v"}), sdkErrors.ErrAPIBadRequest)
	r.fails("DeleteSecret", "no such secret", a.DeleteSecret(ctx, "no/such"), sdkErrors.ErrAPINotFound)
	r.works("DeleteSecretVersions", "versions that are not there are passed over", a.DeleteSecretVersions(ctx, longest, []int{7, -1, 1}))
	r.fails("UndeleteSecret", "no such secret", a.UndeleteSecret(ctx, "no/such", nil), sdkErrors.ErrAPINotFound)
	r.works("UndeleteSecret", "what was deleted", a.UndeleteSecret(ctx, longest, []int{1}))
	r.fails("UndeleteSecret", "nothing is deleted", a.UndeleteSecret(ctx, longest, []int{1}), sdkErrors.ErrAPINotFound)
	large := map[string]string{"k": strings.Repeat("x", 1<<20+1)}
	r.deviates("a value has at most 1 MiB").
		fails("PutSecret", "a value of more than 1 MiB", a.PutSecret(ctx, "large", large), sdkErrors.ErrAPIBadRequest)
	half := map[string]string{"k": strings.Repeat("x", 1<<19)}
	r.works("PutSecret", "a value of 512 KiB", a.PutSecret(ctx, "large", half))
}
