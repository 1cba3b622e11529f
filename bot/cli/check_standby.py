"""`check`: whether a standby has all that the bot relies on, should it be promoted."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from bot.cli.finding import CheckResult, good, wrong
from storage.db.servers import servers_of

_STANDBYS = text("SELECT count(*) FROM pg_stat_replication")
_SETTINGS = text("SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names')")

_PAGE = "see docs/operations/failover.md"


def standby_findings(where: str, url: str, connection: Connection) -> Iterator[CheckResult]:
    """What a crash or a failover of this PostgreSQL server would lose; nothing where it would not."""
    commit, names = connection.execute(_SETTINGS).one()
    if commit in ("off", "local"):
        loses = f"{where}: synchronous_commit is {commit}, so a crash or a failover loses what was sent"
        yield wrong(f"{loses}. Set it to on; {_PAGE}.")
    if names or not connection.execute(_STANDBYS).scalar_one():
        return
    lags = f"{where}: a standby follows it and may lag, as synchronous_standby_names is empty"
    if len(servers_of(url)) > 1:
        yield wrong(f"{lags}: a failover loses what was sent. Name the standby there; {_PAGE}.")
    else:
        yield good(f"{lags}; before it is promoted {_PAGE}")
