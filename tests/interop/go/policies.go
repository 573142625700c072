package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/spiffe/spike-sdk-go/api/entity/data"
	"github.com/spiffe/spike-sdk-go/api/entity/v1/reqres"
	apiURL "github.com/spiffe/spike-sdk-go/api/url"
	sdkErrors "github.com/spiffe/spike-sdk-go/errors"
	"github.com/spiffe/spike-sdk-go/net"
)

type permissions = []data.PolicyPermission

const (
	webID   = `^spiffe://spike\.ist/workload/app$`
	otherID = `^spiffe://spike\.ist/workload/other$`
	dbPath  = `^tenants/acme/.*$`
)

// policies runs all calls on policies as the superuser, and leaves what the
// workload's checks need.
func policies(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	read := permissions{data.PermissionRead, data.PermissionList}
	r.works("CreatePolicy", "a new policy", a.CreatePolicy(ctx, "acme-web", webID, dbPath, read))
	p, err := a.GetPolicy(ctx, "acme-web")
	r.that("GetPolicy", "what was put, patterns and all", err == nil && p.Name == "acme-web" &&
		p.SPIFFEIDPattern == webID && p.PathPattern == dbPath && len(p.Permissions) == 2, p)
	r.that("GetPolicy", "times", err == nil && time.Since(p.CreatedAt) < time.Hour && !p.UpdatedAt.Before(p.CreatedAt), p)
	all := permissions{data.PermissionRead, data.PermissionWrite, data.PermissionList}
	r.works("CreatePolicy", "replaces the policy of that name", a.CreatePolicy(ctx, "acme-web", webID, dbPath, all))
	again, err := a.GetPolicy(ctx, "acme-web")
	r.that("GetPolicy", "a replaced policy keeps its age", err == nil && again.CreatedAt.Equal(p.CreatedAt) && len(again.Permissions) == 3, again)
	r.works("CreatePolicy", "on the system's own path, anchored", a.CreatePolicy(ctx, "other-lists", otherID, "^spike/system/secret$", permissions{data.PermissionList}))
	r.works("CreatePolicy", "for the encryption service", a.CreatePolicy(ctx, "app-cipher", webID, "^spike/system/cipher/exec$", permissions{data.PermissionExecute}))
	r.works("CreatePolicy", "super", a.CreatePolicy(ctx, "a-super", otherID, "^x$", permissions{data.PermissionSuper}))
	list, err := a.ListAllPolicies(ctx)
	r.equals("ListAllPolicies", "all names, sorted", err, names(list), "a-super acme-web app-cipher other-lists")
	list, err = a.ListPolicies(ctx, "", dbPath)
	r.equals("ListPolicies", "of one path pattern", err, names(list), "acme-web")
	list, err = a.ListPolicies(ctx, webID, "")
	r.equals("ListPolicies", "of one ID pattern", err, names(list), "acme-web app-cipher")
	list, err = a.ListPolicies(ctx, "none", "")
	r.equals("ListPolicies", "of no policy", err, names(list), "")
	r.works("DeletePolicy", "by its name", a.DeletePolicy(ctx, "a-super"))
	r.deviates("an unknown policy is 404, not 500").
		fails("DeletePolicy", "no such policy", a.DeletePolicy(ctx, "a-super"), sdkErrors.ErrAPINotFound)
	_, err = a.GetPolicy(ctx, "a-super")
	r.deviates("an unknown policy is 404, not 500").
		fails("GetPolicy", "no such policy", err, sdkErrors.ErrAPINotFound)
	for _, bad := range [][5]string{
		{"an empty name", "", webID, dbPath, "read"},
		{"a name with a slash", "a/b", webID, dbPath, "read"},
		{"a name of 251 bytes", strings.Repeat("n", 251), webID, dbPath, "read"},
		{"an ID pattern that is none", "p", "https://x", dbPath, "read"},
		{"an ID pattern with |", "p", "^spiffe://a/(x|y)$", dbPath, "read"},
		{"an empty path pattern", "p", webID, "", "read"},
		{"a path pattern of 501 bytes", "p", webID, strings.Repeat("p", 501), "read"},
		{"an unknown permission", "p", webID, dbPath, "READ"},
	} {
		refused := a.CreatePolicy(ctx, bad[1], bad[2], bad[3], permissions{data.PolicyPermission(bad[4])})
		r.fails("CreatePolicy", bad[0], refused, sdkErrors.ErrAPIBadRequest)
	}
	r.fails("CreatePolicy", "no permissions", a.CreatePolicy(ctx, "p", webID, dbPath, permissions{}), sdkErrors.ErrAPIBadRequest)
	pattern := r.deviates("a pattern that cannot be used is 400, not 500")
	pattern.fails("CreatePolicy", "a path pattern that is no expression", a.CreatePolicy(ctx, "p", webID, "a(", read), sdkErrors.ErrAPIBadRequest)
	pattern.fails("CreatePolicy", "a reserved path, not anchored", a.CreatePolicy(ctx, "p", webID, "spike/system", read), sdkErrors.ErrAPIBadRequest)
	_, err = net.DoPost[reqres.PolicyAccessCheckResponse](ctx, source, string(apiURL.NexusPolicy)+"/check", reqres.PolicyAccessCheckRequest{})
	r.that("PolicyAccessCheckRequest", "a message of the SDK that no server knows", err != nil, err)
}

func names(list *[]data.PolicyListItem) string {
	if list == nil {
		return "nothing"
	}
	found := []string{}
	for _, p := range *list {
		found = append(found, p.Name)
	}
	return strings.Join(found, " ")
}

// workload is an ordinary caller that has what the policies above grant.
func workload(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	const path = "tenants/acme/app"
	r.works("PutSecret", "where a policy says write", a.PutSecret(ctx, path, map[string]string{"k": "v"}))
	got, err := a.GetSecret(ctx, path)
	r.equals("GetSecret", "where a policy says read", err, got, &data.Secret{Data: map[string]string{"k": "v"}})
	_, err = a.GetSecretMetadata(ctx, path, 0)
	r.works("GetSecretMetadata", "where a policy says read", err)
	r.works("DeleteSecret", "where a policy says write", a.DeleteSecret(ctx, path))
	r.works("UndeleteSecret", "where a policy says write", a.UndeleteSecret(ctx, path, []int{1}))
	for _, other := range []string{"tenants/other", "x/tenants/acme/y", "spike/system/secret", ""} {
		check := fmt.Sprintf("where none does: %q", other)
		_, err = a.GetSecret(ctx, other)
		r.fails("GetSecret", check, err, sdkErrors.ErrAccessUnauthorized)
		r.fails("PutSecret", check, a.PutSecret(ctx, other, map[string]string{"k": "v"}), sdkErrors.ErrAccessUnauthorized)
	}
	r.fails("CreatePolicy", "is not for workloads", a.CreatePolicy(ctx, "p", webID, dbPath, permissions{data.PermissionRead}), sdkErrors.ErrAccessUnauthorized)
	_, err = a.GetPolicy(ctx, "acme-web")
	r.fails("GetPolicy", "is not for workloads", err, sdkErrors.ErrAccessUnauthorized)
	_, err = a.ListAllPolicies(ctx)
	r.fails("ListAllPolicies", "is not for workloads", err, sdkErrors.ErrAccessUnauthorized)
	r.fails("DeletePolicy", "is not for workloads", a.DeletePolicy(ctx, "acme-web"), sdkErrors.ErrAccessUnauthorized)
	keys, err := a.ListSecretKeys(ctx)
	own := err == nil && len(*keys) > 0
	for i := 0; own && i < len(*keys); i++ {
		own = strings.HasPrefix((*keys)[i], "tenants/acme/")
	}
	r.deviates("who may not list all paths gets those that its policies cover, not 401").
		that("ListSecretKeys", "without list on the system's path", own, keys)
	sealed, err := a.CipherEncryptStream(ctx, strings.NewReader("hello"))
	r.works("CipherEncryptStream", "where a policy says execute", err)
	open, err := a.CipherDecryptStream(ctx, strings.NewReader(string(sealed)))
	r.equals("CipherDecryptStream", "where a policy says execute", err, string(open), "hello")
}

// lite is a workload that may use the encryption service and nothing else.
func lite(ctx context.Context, source *workloadapi.X509Source, r *report) {
	a := client(source)
	sealed, err := a.CipherEncryptStream(ctx, strings.NewReader("hello"))
	r.works("CipherEncryptStream", "needs no policy", err)
	open, err := a.CipherDecryptStream(ctx, strings.NewReader(string(sealed)))
	r.equals("CipherDecryptStream", "needs no policy", err, string(open), "hello")
	_, err = a.GetSecret(ctx, "tenants/acme/app")
	r.fails("GetSecret", "is refused", err, sdkErrors.ErrAccessUnauthorized)
	r.fails("PutSecret", "is refused", a.PutSecret(ctx, "a", map[string]string{"k": "v"}), sdkErrors.ErrAccessUnauthorized)
	_, err = a.ListSecretKeys(ctx)
	r.fails("ListSecretKeys", "is refused", err, sdkErrors.ErrAccessUnauthorized)
	_, err = a.ListAllPolicies(ctx)
	r.fails("ListAllPolicies", "is refused", err, sdkErrors.ErrAccessUnauthorized)
}
