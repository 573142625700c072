/** The help of `spike dev`, on one screen. */
export const HELP = `Usage: spike dev [options]
       spike dev svid|token|socket|kill|start|identity|authority ... [--dir DIR]

Brings up a whole system on this machine, for development only: an authority that issues SPIFFE
identities, three keepers (two of which rebuild the root key), Nexus and Bootstrap, each a process of
its own. It runs until Ctrl-C. Stopping it loses the root key, unless --keep was given.

Options:
  --dir DIR         where everything lies (default: spike/dev in the XDG state directory)
  --ephemeral       a temporary directory instead, removed at the end
  --keep            save recovery shards in DIR, in plain text, and restore from them at the next start
  --reset           discard the data of a former run first
  --workers N       request workers of Nexus
  --shamir-scheme S how a new root key is shared: gf256, or p256 as SPIKE in Go does
  --svid-ttl TIME   life of the identities (default 1h); they are renewed at half of it

While it runs:
  svid --id ID --out OUT [--ttl TIME] [--trust-domain OTHER]
                    write svid.pem, key.pem and bundle.pem for any SPIFFE ID; another trust domain has
                    an authority of its own, federated with the first
  token --id ID --audience AUDIENCE [--ttl TIME]
                    print a JWT-SVID (default life 5m), for callers behind a proxy
  socket --id ID [--ttl TIME]
                    serve that identity's Workload API and print the address
  kill NAME         SIGKILL for nexus, keeper-1, keeper-2, keeper-3 or bootstrap, which then stays down
  start NAME [--timeout TIME]
                    start it again; returns when it is ready or has failed
  identity withdraw|return NAME
                    take the identity of a process, or a SPIFFE ID, away and give it back
  authority prepare|rotate|retire [--trust-domain OTHER]
                    make a new key known; sign all identities anew with it; drop the old keys

Example:
  $ spike dev --dir ./dev &
  $ while [ ! -e ./dev/env ] && kill -0 $!; do sleep 0.1; done; . ./dev/env
  $ spike secret put tenants/acme/db user=ada
  $ spike dev svid --dir ./dev --id spiffe://spike.ist/spike/pilot/role/operator --out ./operator
`;
