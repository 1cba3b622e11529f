"""The file behind a SQLite database's address: commands that only look must not make one by looking."""

from pathlib import Path

from sqlalchemy import make_url


def sqlite_file(database_url: str) -> Path | None:
    """The file of a SQLite database; None for another kind."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database.removeprefix("file:"))
