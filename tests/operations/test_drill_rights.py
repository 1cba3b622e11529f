"""least-rights.md, played: a bot that owns its tables gets a role that does not."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from drill import Play
from sqlalchemy import make_url
from torture.outside import order_ids
from world import of_owner

pytestmark = [
    pytest.mark.long,
    pytest.mark.in_turn,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

ROLE = "cancel_orders_bot"


@pytest.fixture
def admin(postgresql: str, database_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the owner, who drops the role at the end."""
    database = make_url(database_url).database
    with psycopg.connect(postgresql, dbname=database, autocommit=True) as admin:
        yield admin
        admin.execute(f"DROP OWNED BY {ROLE}")
        admin.execute(f"DROP ROLE {ROLE}")


def test_the_bot_is_given_a_role_with_least_rights(
    play: Play, database_url: str, admin: psycopg.Connection, tmp_path: Path
) -> None:
    owner = of_owner(database_url)
    role = make_url(owner).set(username=ROLE).render_as_string(hide_password=False)
    with play("least-rights.md", DATABASE_URL=owner) as drill:
        drill.cancel(order_ids(2))
        (tmp_path / "secrets" / "owner_url").write_text(owner, encoding="utf-8")
        drill.psql = lambda: admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        drill.run()
        drill.run(typed=role)
        drill.cancel(order_ids(2, 2))
        drill.run_until()

        assert admin.execute("SELECT 1 FROM pg_stat_activity WHERE usename = %s", [ROLE]).fetchone()
