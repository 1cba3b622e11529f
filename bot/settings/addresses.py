"""Reads the settings that are addresses: of Slack, of Fincart, of the database. As `bot.settings.values` does."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from bot.settings.values import Wrong, no_quote_at_one_end


def base_url(value: object) -> object:
    """An address without the slash at its end: `https://`, or `http://` of this machine alone."""
    parts = checked_url(str(value))
    if re.search(r"/v[0-9]+(/|$)", parts.path):
        raise Wrong(
            "holds the version or the path of a call", "Give the base address only, like https://api.fincart.io."
        )
    return str(value).rstrip("/")


def api_url(value: object) -> object:
    """The address Slack's method names are appended to: like `base_url`, with one slash at its end."""
    checked_url(str(value))
    return str(value).rstrip("/") + "/"


def checked_url(text: str) -> SplitResult:
    """Its parts, where it is `https://…` or a loopback `http://…` and nothing but an address; else `Wrong`."""
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


def is_loopback(host: str) -> bool:
    """Whether this host name or address never leaves the machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def database_url(value: object) -> object:
    """A database the bot can keep its records in. Never shown in a message: it may hold a password."""
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
    return text


_POSTGRESQL = re.compile(
    r"(?:[^@/?#]*@)?(?:\[[^\[\]@/?#]*\]|[^@/?#:]*)(?::[0-9]*)?"
    # Without a path in front of it, an @ in what looks like parameters is the end of a password.
    r"(?:/[^@/?#]*(?:\?[^@=&#]+=[^#]*)?|\?[^@=&#]+=[^@#]*)?"
)
