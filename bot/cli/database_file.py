"""Finds the file of a SQLite database URL, so that read-only commands never create one."""

from pathlib import Path

from sqlalchemy import make_url


def sqlite_file(database_url: str) -> Path | None:
    """Return the file of a SQLite database; None for any other kind."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database.removeprefix("file:"))
