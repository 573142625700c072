/** The help of `spike dev`, on one screen. */
export const HELP = `Usage: spike dev [options]
       spike dev svid|token|socket|kill|start|identity|authority ... [--dir DIR]

Run a complete system on this machine, for development only: an authority that issues SPIFFE
identities, three keepers (threshold 2), Nexus and Bootstrap, each as its own process. Ctrl-C stops
it. The root key is lost when it stops, unless --keep is set.

Options:
  --dir DIR         Directory of all files (default: spike/dev in the XDG state directory)
  --ephemeral       Use a temporary directory and remove it at the end
  --keep            Save recovery shards in DIR as plain text, and restore them at the next start
  --reset           Remove the data of an earlier run first
  --workers N       Number of request workers of Nexus
  --shamir-scheme S Scheme of a new root key: gf256, or p256 as in SPIKE for Go
  --svid-ttl TIME   Lifetime of identities (default: 1h); they are renewed at half of it

While it runs:
  svid --id ID --out OUT [--ttl TIME] [--trust-domain OTHER]
                    Write svid.pem, key.pem and bundle.pem for a SPIFFE ID; each trust domain has
                    its own authority, federated with the first
  token --id ID --audience AUDIENCE [--ttl TIME]
                    Print a JWT-SVID (default lifetime: 5m), for callers behind a proxy
  socket --id ID [--ttl TIME]
                    Serve the Workload API for this identity and print the address
  kill NAME         Send SIGKILL to nexus, keeper-1, keeper-2, keeper-3 or bootstrap; it stays down
  start NAME [--timeout TIME]
                    Start it again; returns when it is ready or has failed
  identity withdraw|return NAME
                    Withdraw the identity of a process or a SPIFFE ID, or return it
  authority prepare|rotate|retire [--trust-domain OTHER]
                    Publish a new key; sign all identities with it; remove the old keys

Example:
  $ spike dev --dir ./dev &
  $ while [ ! -e ./dev/env ] && kill -0 $!; do sleep 0.1; done; . ./dev/env
  $ spike secret put tenants/acme/db user=ada
  $ spike dev svid --dir ./dev --id spiffe://spike.ist/spike/pilot/role/operator --out ./operator
`;
