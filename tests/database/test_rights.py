"""`migrate --grant-to`: the role does what the bot does, and changes neither history nor tables."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from cli_runs import CommandLine
from simulation.stores import BOT_ROLE
from sqlalchemy import make_url
from sqlmodel import SQLModel
from town import CliTown, run
from world import of_bot, of_owner

from bot.cli.check import findings
from bot.settings.model import Need, load_settings
from storage.db.compatibility import TABLES
from storage.db.rights import RIGHTS

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

NOT_PERMITTED = "42501"
FORBIDDEN = [
    "UPDATE audit_event SET payload = '{}'",
    "UPDATE audit_event SET hash = hash WHERE false",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "DROP TABLE audit_event",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "ALTER TABLE audit_event ADD COLUMN later text",
    "DROP TRIGGER audit_event_is_never_changed ON audit_event",
    "CREATE TRIGGER another BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_stays()",
    "CREATE OR REPLACE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM alembic_version",
    "INSERT INTO archived_request VALUES ('R-AAAAA0', 1)",
    "UPDATE event_text SET text = ''",
    "DELETE FROM event_text",
    "DELETE FROM request",
    "TRUNCATE request CASCADE",
    "DROP TABLE quota",
    "CREATE TABLE another (x int)",
    "CREATE TABLE public.another AS SELECT 1",
    "CREATE INDEX another ON request (seq)",
    "SELECT setval('request_seq_seq', 1)",
]


def _as(url: str, *statements: str) -> list[str | None]:
    """The SQLSTATE of each statement; None: it was carried out."""
    states: list[str | None] = []
    at = make_url(url)
    with psycopg.connect(
        host=str(at.query["host"]), user=at.username, dbname=at.database, autocommit=True
    ) as connection:
        for statement in statements:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                states.append(error.sqlstate)
            else:
                states.append(None)
    return states


Role = Callable[..., str]


@pytest.fixture
def role(database_url: str) -> Iterator[Role]:
    """Makes a role with this name and these attributes; returns the database's address for it."""
    with ExitStack() as made:

        def make(name: str, attributes: str = "") -> str:
            quoted = '"' + name.replace('"', '""') + '"'
            assert [None] == _as(of_owner(database_url), f"CREATE ROLE {quoted} LOGIN {attributes}")
            made.callback(_as, of_owner(database_url), f"DROP OWNED BY {quoted}", f"DROP ROLE {quoted}")
            return make_url(database_url).set(username=name).render_as_string(hide_password=False)

        yield make


@pytest.fixture
def grant(database_url: str, command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[int, str]]:
    """Types `migrate --grant-to` as the tables' owner; its exit code, and what it says."""

    def typed(name: str) -> tuple[int, str]:
        monkeypatch.setenv("DATABASE_URL", of_owner(database_url))
        code, out, err = command("migrate", "--grant-to", name)
        return code, out + err

    return typed


Grant = Callable[[str], tuple[int, str]]


def test_each_table_has_its_rights_stated(database_url: str) -> None:
    assert TABLES
    assert RIGHTS.keys() == {*SQLModel.metadata.tables, "alembic_version"}


def test_the_role_changes_neither_history_nor_tables(database_url: str) -> None:
    states = _as(of_bot(database_url), *FORBIDDEN)

    assert dict.fromkeys(FORBIDDEN, NOT_PERMITTED) == dict(zip(FORBIDDEN, states, strict=True))


@pytest.mark.parametrize("name", ["a\"b'c%d:e; --", "User"])
def test_a_role_of_any_name_is_granted_the_rights(database_url: str, role: Role, grant: Grant, name: str) -> None:
    url = role(name)
    before = _as(url, "SELECT 1 FROM audit_event")
    code, words = grant(name)

    assert 0 == code
    assert f"The role {name} may do what the bot does" in words
    assert [NOT_PERMITTED] == before
    assert [None, None] == _as(url, "SELECT 1 FROM audit_event", "INSERT INTO known_order VALUES ('1')")
    assert [NOT_PERMITTED] * len(FORBIDDEN) == _as(url, *FORBIDDEN)


def test_what_the_role_had_beside_is_taken_away(database_url: str, role: Role, grant: Grant) -> None:
    url = role("had_more")
    _as(
        of_owner(database_url),
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO had_more",
        "GRANT UPDATE (hash) ON audit_event TO had_more",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO had_more",
        "GRANT ALL ON SCHEMA public TO had_more",
    )
    code, _ = grant("had_more")

    assert 0 == code
    assert [NOT_PERMITTED] * len(FORBIDDEN) == _as(url, *FORBIDDEN)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("SUPERUSER", "owns the tables or their schema, is in a role that does, or is a superuser"),
        ("IN ROLE postgres NOINHERIT", "owns the tables or their schema, is in a role that does, or is a superuser"),
        ("IN ROLE pg_write_all_data", "may also INSERT on alembic_version, UPDATE on alembic_version, DELETE on"),
    ],
)
def test_a_role_that_could_change_history_all_the_same_is_granted_nothing(
    database_url: str, role: Role, grant: Grant, attributes: str, words: str
) -> None:
    role("taken", attributes)
    code, refused = grant("taken")
    [granted] = _as(of_owner(database_url), "SELECT 1 / count(*) FROM pg_class WHERE relacl::text LIKE '%taken%'")

    assert 1 == code
    assert refused.splitlines()[-1].startswith("nothing was granted: the role 'taken' ")
    assert words in refused
    assert "22012" == granted  # a division by the number of tables that it may use


def test_an_unknown_role_is_named(database_url: str, grant: Grant) -> None:
    code, refused = grant("nobody; DROP TABLE quota")

    assert 1 == code
    assert "nothing was granted: there is no role 'nobody; DROP TABLE quota': CREATE ROLE makes one" in refused
    assert [None] == _as(database_url, "SELECT 1 FROM quota")


def test_where_everybody_may_make_tables_the_statement_against_it_is_given(
    database_url: str, role: Role, grant: Grant
) -> None:
    role("one_of_all")
    _as(of_owner(database_url), "GRANT CREATE ON SCHEMA public TO PUBLIC")
    code, refused = grant("one_of_all")

    assert 1 == code
    assert "run REVOKE CREATE ON SCHEMA public FROM PUBLIC as its owner" in refused


def _checked(url: str) -> list[str]:
    found = map(str, findings(load_settings({"DATABASE_URL": url}, None, need=Need.CHECK)))
    return [line for line in found if "the role" in line or "written" in line]


def test_check_says_whether_the_role_may_change_audit_events(database_url: str) -> None:
    least, owner = _checked(database_url), _checked(of_owner(database_url))

    assert ["ok", "ok"] * 2 == [line.split()[0] for line in least + owner]
    assert f"the role {BOT_ROLE} may add audit events, and not change or delete them" in least[0]
    assert "the role postgres may also change and delete audit events; one that may not is safer" in owner[0]


@pytest.mark.long
def test_a_role_that_lacks_a_right_is_told_before_anything_begins(
    database_url: str, town: CliTown, tmp_path: Path
) -> None:
    _as(of_owner(database_url), f"REVOKE INSERT ON ops_notice FROM {BOT_ROLE}")
    done = run(tmp_path, "serve", "--no-migrate", **town.settings(DATABASE_URL=database_url))

    assert 2 == done.returncode
    assert (
        f"the role bot may not INSERT on ops_notice: run migrate --grant-to {BOT_ROLE} as the tables' owner"
        in done.stderr
    )
    assert "wrong" == _checked(database_url)[0].split()[0]


def test_the_role_cannot_migrate_and_is_told_who_can(
    database_url: str, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _as(
        of_owner(database_url),
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
        "GRANT USAGE ON SCHEMA public TO bot",
    )
    monkeypatch.setenv("DATABASE_URL", database_url)
    code, _, words = command("migrate")

    assert 1 == code
    assert "permission denied for schema public, which only the owner of the tables may do" in words
