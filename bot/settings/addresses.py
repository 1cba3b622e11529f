"""Validates the addresses of Slack, Fincart and the database, as `bot.settings.values` does."""

import re
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.exc import ArgumentError

from bot.settings.values import Wrong, no_quote_at_one_end
from storage.db.servers import is_loopback, servers_of, spelled_for_sqlalchemy


def base_url(value: object) -> object:
    """Return an address without its final slash: `https://`, or loopback `http://`."""
    parts = checked_url(str(value))
    if re.search(r"/v[0-9]+(/|$)", parts.path):
        raise Wrong(
            "holds the version or the path of a call", "Give the base address only, like https://api.fincart.io."
        )
    return str(value).rstrip("/")


def api_url(value: object) -> object:
    """Return the base of Slack's method URLs: like `base_url`, with one final slash."""
    checked_url(str(value))
    return str(value).rstrip("/") + "/"


def checked_url(text: str) -> SplitResult:
    """Return the parts of an `https://…` or loopback `http://…` address; raises `Wrong` for anything else."""
    example = "Write https://host, or http://127.0.0.1:port for a server on this machine."
    no_quote_at_one_end(text, example)
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise Wrong("is not an address", example) from None
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise Wrong("is not an address that starts with https://", example)
    if parts.username is not None or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise Wrong("has a user name, “?” or “#” in it", "Give the bare address.")
    if parts.scheme == "http" and not is_loopback(host):
        raise Wrong("is plain http:// to another machine, where tokens could be read on the way", example)
    return parts


def database_url(value: object) -> object:
    """Return a database URL as SQLAlchemy spells it. No message shows it: it may hold a password."""
    text = str(value)
    scheme, apart, rest = text.partition("://")
    fix = "Write sqlite:///file.db, or postgresql+psycopg://user:password@host/name."
    no_quote_at_one_end(text, "Take it off. One that belongs to the value is written %22 or %27.")
    if scheme in ("postgres", "postgresql"):
        raise Wrong(f"starts with {scheme}://", "Write postgresql+psycopg:// in its place; the rest stays as it is.")
    if not apart or scheme not in ("sqlite", "postgresql+psycopg"):
        raise Wrong("is not a database this bot knows", fix)
    if scheme == "sqlite" and (not rest.startswith("/") or rest == "/" or ":memory:" in rest or "mode=memory" in rest):
        raise Wrong(
            "names no file, so that nothing would be kept",
            "Write sqlite:/// and a file's path, like sqlite:///cancel-orders.db.",
        )
    if scheme == "postgresql+psycopg" and not rest.strip("/"):
        raise Wrong("names no database", fix)
    if scheme == "postgresql+psycopg" and not _POSTGRESQL.fullmatch(rest):
        raise Wrong(
            "cannot be read as an address: @, /, ? or # in a user name or password ends it too early",
            "Percent-encode such characters: %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %.",
        )
    return _with_its_servers(text) if scheme == "postgresql+psycopg" else text


def _with_its_servers(url: str) -> str:
    spelled = spelled_for_sqlalchemy(url)
    try:
        servers_of(spelled)
    except (ArgumentError, ValueError):
        example = "Write user:password@a:5432,b:5432/name, or /name?host=a,b&port=5432,5432 with a port for each."
        raise Wrong("names its servers so that they cannot be read", example) from None
    return spelled


_SERVER = r"(?:\[[^\[\]@/?#]*\]|[^@/?#:,]*)(?::[0-9]*)?"
_POSTGRESQL = re.compile(
    rf"(?:[^@/?#]*@)?{_SERVER}(?:,{_SERVER})*"
    # An @ after a ? without a path before it ends a password, not a parameter.
    r"(?:/[^@/?#]*(?:\?[^@=&#]+=[^#]*)?|\?[^@=&#]+=[^@#]*)?"
)
