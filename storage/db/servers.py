"""PostgreSQL's servers: of several in one URL finds the one that takes writes, and leaves one that no longer does.

With `target_session_attrs=read-write` libpq tries them one after the other until one takes writes. Of a server on
another host libpq requires TLS, unless the URL has an `sslmode`.
"""

import ipaddress
import os
import re
from typing import Any

from sqlalchemy import Engine, ExceptionContext, event, make_url
from sqlalchemy.exc import InvalidatePoolError

_READ_ONLY = "25006"
"""SQLSTATE of a write refused by a read-only server or session: after a failover, a former primary."""
ONLY_READS = "session is read-only"
"""What libpq says of a server that answers and takes no writes, where it looks for one that does."""

_NO_TLS = "server does not support SSL, but SSL was required"
NO_TLS = (
    "the server takes no encrypted connections (TLS), which one on another host must: switch TLS on there, or add "
    "sslmode=disable to the URL where nobody can read along"
)
"""Our words for libpq's above."""

NOT_PERMITTED = "42501"
"""SQLSTATE of a statement that the role has no right to."""
_OWNER_ONLY = ", which only the owner of the tables may do: see docs/operations/least-rights.md"

_SEVERAL = re.compile(r"(postgresql\+psycopg://(?:[^@/?#]*@)?)([^@/?#]*,[^@/?#]*)([^?]*)(?:\?(.*))?")
_SERVER = re.compile(r"(?:\[(?P<ipv6>[^\[\]]*)\]|(?P<host>[^\[\]:]*))(?::(?P<port>[0-9]*))?")
_PORT = "5432"


def spelled_for_sqlalchemy(url: str) -> str:
    """The URL with several servers, which libpq takes in the place of one, as parameters: SQLAlchemy reads them there.

    `…://bot@a:1,b:2/orders` is `…://bot@/orders?host=a,b&port=1,2`. Any other URL is returned as it is.
    """
    found = _SEVERAL.fullmatch(url)
    servers = [_SERVER.fullmatch(each) for each in found[2].split(",")] if found else []
    if found is None or not all(servers):
        return url
    hosts = ",".join(each["ipv6"] or each["host"] for each in servers if each)
    ports = ",".join(each["port"] or _PORT for each in servers if each)
    return f"{found[1]}{found[3] or '/'}?host={hosts}&port={ports}" + (f"&{found[4]}" if found[4] else "")


def servers_of(url: str) -> list[tuple[str, str]]:
    """Host and port of each server that a PostgreSQL URL names; the host of a socket is its folder, or empty.

    Raises `ArgumentError` or `ValueError` where the URL cannot be read.
    """
    address = make_url(url)
    _, given = address.get_dialect()().create_connect_args(address)
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    ports = str(given.get("port") or _PORT).split(",")
    return [(host, port or _PORT) for host, port in zip(hosts, ports if ports[1:] else ports * len(hosts), strict=True)]


def is_loopback(host: str) -> bool:
    """Tell whether this host is loopback: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parameters(url: str) -> dict[str, str]:
    """What a connection needs beside the URL: to find the primary among several servers; TLS to another host."""
    query = make_url(url).query
    found = {}
    if len(servers_of(url)) > 1 and "target_session_attrs" not in query:
        found["target_session_attrs"] = "read-write"
    # What the environment has counts only where it asks for more.
    if "sslmode" not in query and not _stay_here(url) and not os.environ.get("PGSSLMODE", "").startswith("verify"):
        found["sslmode"] = "require"
    return found


def _stay_here(url: str) -> bool:
    """Whether all servers are on this host. `hostaddr` is where libpq connects to; `host` is then only a name."""
    address = make_url(url)
    _, given = address.get_dialect()().create_connect_args(address)
    if "service" in given:
        return False  # a file that is not read here says where it is
    named = [given.get(name) or os.environ.get(f"PG{name.upper()}") for name in ("hostaddr", "host")]
    hosts = str(named[0] or named[1] or "").split(",")
    return all(host == "" or host[0] in "/@" or is_loopback(host) for host in hosts)


def in_words(error: BaseException) -> str:
    """What the driver says of a failure, and what to do where it does not say so."""
    if getattr(error, "sqlstate", None) == NOT_PERMITTED:
        return str(error).partition("\n")[0] + _OWNER_ONLY
    return str(error).replace(_NO_TLS, NO_TLS)


def follow_the_primary(engine: Engine) -> None:
    """Have the engine leave a server that only reads, and come first to the one that took writes last."""

    @event.listens_for(engine, "handle_error")
    def _drop_what_only_reads(context: ExceptionContext) -> None:
        # A read-only server keeps answering, so its connections would never be dropped. This drops all of the pool's;
        # the next connection looks for the primary again.
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True

    servers = servers_of(engine.url.render_as_string(hide_password=False))
    if len(servers) == 1 or "hostaddr" in engine.url.query:
        return
    looks_for_writes = engine.url.query.get("target_session_attrs", "read-write") == "read-write"
    last: list[tuple[str, str]] = []

    @event.listens_for(engine, "do_connect")
    def _last_first(_: object, __: object, ___: object, given: dict[str, Any]) -> None:
        # A dead host ahead of it in the URL would cost every connection its time-out.
        order = sorted(servers, key=lambda server: server not in last)
        given["host"], given["port"] = (",".join(each) for each in zip(*order, strict=True))

    @event.listens_for(engine, "connect")
    def _remember(connection: Any, _: object) -> None:
        last[:] = [(connection.info.host, str(connection.info.port))]

    @event.listens_for(engine, "checkout")
    def _check(connection: Any, _: object, __: object) -> None:
        # Reported by the server with its answer to the ping, from version 14 on. What it would be read is old.
        if looks_for_writes and connection.info.parameter_status("default_transaction_read_only") == "on":
            raise InvalidatePoolError
