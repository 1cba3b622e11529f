#!/bin/sh
# Dumps the bot's PostgreSQL database to a new file, while the bot works: deploy/backup-postgresql.sh FILE
# Reads DATABASE_URL or DATABASE_URL_FILE; without them it connects as pg_dump does by itself (PGHOST, PGPASSFILE, ...).
# pg_restore makes new tables, by which `serve` notices that it is on a copy, and starts paused.
set -eu
umask 077
file=${1:?usage: backup-postgresql.sh FILE}
[ ! -e "$file" ] || { echo "there is a file $file already: name a new one." >&2; exit 1; }
url=${DATABASE_URL:-}
[ -z "${DATABASE_URL_FILE:-}" ] || url=$(cat "$DATABASE_URL_FILE")
if [ -n "$url" ]; then
  # Through the environment: arguments are shown to everybody on the machine.
  eval "$(URL=$url python3 - <<'END'
import os, re, shlex
from urllib.parse import parse_qs, unquote, urlsplit
url = urlsplit(os.environ["URL"])
query = {name: values[-1] for name, values in parse_qs(url.query).items()}
# One server or several, as a:5432,b:5432 or [::1]:5432.
servers = re.findall(r"(\[[^\]]*\]|[^,:]*):?([0-9]*)(?:,|$)", url.netloc.rpartition("@")[2])[: url.netloc.count(",") + 1]
hosts, ports = ",".join(host.strip("[]") for host, _ in servers), ",".join(port for _, port in servers)
host = str(query.get("hostaddr") or query.get("host") or hosts)
here = all(each[:1] in ("", "/") or each.startswith("127.") or each in ("localhost", "::1") for each in host.split(","))
found = {
    "PGHOST": query.get("host") or hosts,
    "PGPORT": query.get("port") or ports.strip(",") and ports,
    "PGTARGETSESSIONATTRS": query.get("target_session_attrs") or ("read-write" if "," in host else None),
    "PGUSER": unquote(url.username or ""),
    "PGPASSWORD": unquote(url.password or ""),
    "PGDATABASE": unquote(url.path.lstrip("/")),
    "PGSSLMODE": query.get("sslmode") or (None if here else "require"),
    "PGSSLROOTCERT": query.get("sslrootcert"),
}
for name, value in found.items():
    if value:
        print(f"export {name}={shlex.quote(str(value))}")
END
)"
fi
part="$file.part.$$"
trap 'rm -f "$part"' EXIT
pg_dump --format=custom --file="$part"
sync "$part" 2>/dev/null || sync
ln "$part" "$file"
echo "Dumped to $file."
