"""PURE: reads Slack's description of a file in the form, and classifies failed downloads.

Slack also lists files that it does not store (Google Drive and the like). For a file shared through Slack Connect it
first gives only the id: `file_access` is `check_file_info`, and `files.info` has the rest
(docs.slack.dev/reference/objects/file-object).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.slack.results import NO_ACCESS, Failure, RateLimited, Refused


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file as Slack describes it; `url` is None if Slack gives no download address."""

    id: str
    name: str
    size: int
    """In bytes; 0 if not declared: the download stops at the limit anyway."""
    url: str | None
    trouble: NotFetched | None = None
    """Why it cannot be fetched, if Slack already says so."""


_SERVICES = {"gdrive": "Google Drive", "gdocs": "Google Drive", "onedrive": "OneDrive", "sharepoint": "SharePoint"}
_GONE = frozenset({"tombstone", "hidden_by_limit", "file_not_found", "file_deleted", "http_404", "http_410"})
_NOT_VISIBLE = frozenset({"access_denied", "http_403", "file_not_visible", "not_in_channel", "no_permission"})
_TOKEN = NO_ACCESS | {"http_401"}


def shared_file(given: Mapping[str, Any]) -> SharedFile:
    """Read a file from an entry of the form or from `files.info`."""
    size = given.get("size")
    url = given.get("url_private_download") or given.get("url_private")
    return SharedFile(
        str(given.get("id") or ""),
        str(given.get("name") or given.get("title") or ""),
        size if isinstance(size, int) else 0,
        str(url) if url else None,
        _why_not(given),
    )


def _why_not(given: Mapping[str, Any]) -> NotFetched | None:
    mode, access = given.get("mode"), given.get("file_access")
    if given.get("is_external") is True or mode == "external":
        kind = str(given.get("external_type") or "")
        return NotFetched(Trouble.EXTERNAL, _SERVICES.get(kind, kind.capitalize() if kind.isalpha() else ""))
    if mode in _GONE or access in _GONE:
        return NotFetched(Trouble.GONE)
    return NotFetched(Trouble.NOT_VISIBLE) if access in _NOT_VISIBLE else None


def not_fetched(failure: Failure) -> NotFetched:
    """Classify a failed files.info or download."""
    match failure:
        case RateLimited(seconds):
            return NotFetched(Trouble.LIMITED, str(seconds))
        case Refused("missing_scope", scope):
            return NotFetched(Trouble.SCOPE, scope)
        case Refused("not_slacks_host" | "redirected"):
            return NotFetched(Trouble.EXTERNAL)
        case Refused(code) if code in _GONE:
            return NotFetched(Trouble.GONE)
        case Refused(code) if code in _NOT_VISIBLE:
            return NotFetched(Trouble.NOT_VISIBLE)
        case Refused(code) if code in _TOKEN:
            return NotFetched(Trouble.TOKEN)
        case Refused(code):
            return NotFetched(Trouble.REFUSED, code)
        case _:
            return NotFetched(Trouble.NO_ANSWER)
