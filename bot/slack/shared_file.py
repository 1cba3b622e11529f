"""PURE: a file that somebody put into the form, as Slack tells of it, and why one could not be fetched.

Slack also lists files that it does not keep (of Google Drive and the like). Of a file shared through Slack Connect it
first says nothing but its id: `file_access` is `check_file_info`, and `files.info` says the rest
(docs.slack.dev/reference/objects/file-object).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.slack.results import NO_ACCESS, Failure, RateLimited, Refused


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file as Slack tells of it; `url` is None where it does not say where the bytes are."""

    id: str
    name: str
    size: int
    """In bytes; 0 where it is not declared: the download stops at the limit anyway."""
    url: str | None
    trouble: NotFetched | None = None
    """Why it cannot be fetched, where Slack tells that already."""


_SERVICES = {"gdrive": "Google Drive", "gdocs": "Google Drive", "onedrive": "OneDrive", "sharepoint": "SharePoint"}
_GONE = frozenset({"tombstone", "hidden_by_limit", "file_not_found", "file_deleted", "http_404", "http_410"})
_NOT_SEEN = frozenset({"access_denied", "http_403", "file_not_visible", "not_in_channel", "no_permission"})
_TOKEN = NO_ACCESS | {"http_401"}


def shared_file(given: Mapping[str, Any]) -> SharedFile:
    """What an entry of the form, or `files.info`, says of a file."""
    size = given.get("size")
    url = given.get("url_private_download") or given.get("url_private")
    return SharedFile(
        str(given.get("id") or ""),
        str(given.get("name") or given.get("title") or ""),
        size if isinstance(size, int) else 0,
        str(url) if url else None,
        _told(given),
    )


def _told(given: Mapping[str, Any]) -> NotFetched | None:
    mode, access = given.get("mode"), given.get("file_access")
    if given.get("is_external") is True or mode == "external":
        kind = str(given.get("external_type") or "")
        return NotFetched(Trouble.ELSEWHERE, _SERVICES.get(kind, kind.capitalize() if kind.isalpha() else ""))
    if mode in _GONE or access in _GONE:
        return NotFetched(Trouble.GONE)
    return NotFetched(Trouble.NOT_SEEN) if access in _NOT_SEEN else None


def not_fetched(failure: Failure) -> NotFetched:
    """What a failed look-up or download of a file comes down to."""
    match failure:
        case RateLimited(seconds):
            return NotFetched(Trouble.LIMITED, str(seconds))
        case Refused("missing_scope", scope):
            return NotFetched(Trouble.SCOPE, scope)
        case Refused("not_slacks_host" | "redirected"):
            return NotFetched(Trouble.ELSEWHERE)
        case Refused(code) if code in _GONE:
            return NotFetched(Trouble.GONE)
        case Refused(code) if code in _NOT_SEEN:
            return NotFetched(Trouble.NOT_SEEN)
        case Refused(code) if code in _TOKEN:
            return NotFetched(Trouble.TOKEN)
        case Refused(code):
            return NotFetched(Trouble.REFUSED, code)
        case _:
            return NotFetched(Trouble.NO_ANSWER)
