"""`check`: what the role may do that the bot connects to PostgreSQL as."""

from collections.abc import Iterator

from sqlalchemy import Connection

from bot.cli.finding import CheckResult, good, wrong
from storage.db.rights import changes_history, lacking, role_of

_PAGE = "see docs/operations/least-rights.md"


def role_findings(where: str, connection: Connection) -> Iterator[CheckResult]:
    """Whether the role has what the bot needs, and whether it could change the history. The second is allowed."""
    if lacks := lacking(connection):
        yield wrong(f"{where}: {lacks}; {_PAGE}.")
    role = role_of(connection)
    if changes_history(connection):
        yield good(
            f"{where}: the role {role} may also change and delete audit events; one that may not is safer, {_PAGE}"
        )
    else:
        yield good(f"{where}: the role {role} may add audit events, and not change or delete them")
