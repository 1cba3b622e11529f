"""Archives: what goes, what stays, what is found where somebody changes either, and a death at any moment."""

import gzip
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from simulation.seeds import plan_of
from simulation.stores import DatabaseServer, Files, Store
from simulation.world import SimulatedWorld, SimulationRules
from sqlalchemy import text
from stored import made
from world import of_owner

from storage import requests
from storage.archive import CannotArchive, archive
from storage.archive_choice import Stays
from storage.audit.archive_check import check_archive
from storage.audit.archive_file import Archive, BadArchive, open_archive
from storage.audit.log import Broken, Head, stored_events
from storage.audit.verify import verify_all
from storage.db.transactions import Database, Transaction
from storage.enums import EventKind, RequestState

START = datetime(2024, 1, 1, tzinfo=UTC)
EVENTS = "SELECT seq, payload, prev_hash, hash FROM audit_event ORDER BY seq"
LEFT = ("SELECT public_id FROM request ORDER BY 1", EVENTS, "SELECT * FROM archived_request ORDER BY 1")
ME = "operator:me"


class Days:
    """A clock that a test sets to a day of the history."""

    day = 0

    def __call__(self) -> datetime:
        return START + timedelta(days=self.day)


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def database(database_url: str, days: Days) -> Iterator[Database]:
    """A history on either kind of database."""
    yield from _history(database_url, days)


@pytest.fixture
def old(sqlite_url: str, days: Days) -> Iterator[Database]:
    """The same, on SQLite only."""
    yield from _history(sqlite_url, days)


def _history(url: str, days: Days) -> Iterator[Database]:
    """Ten requests, one a day, which expire two days later; the one of the fourth day waits on."""
    database = Database(of_owner(url), days)
    for days.day in range(13):
        with database.write() as transaction:
            if days.day < 10:
                made(transaction, _name(days.day), orders=1 + days.day % 2)
            if 2 <= days.day < 12 and days.day != 5:
                expire(transaction, _name(days.day - 2))
    yield database
    database.close()


def _name(day: int) -> str:
    return f"R-00000{day}"


def expire(transaction: Transaction, public_id: str) -> None:
    request, now = requests.lock(transaction, public_id), transaction.now()
    assert request is not None
    assert requests.move(transaction, request, RequestState.EXPIRED, decided_at=now, due_at=None)
    transaction.record(EventKind.EXPIRED, who=None, request=public_id, at=now)


def on(day: int) -> datetime:
    return START + timedelta(days=day, hours=-1)


def archived(database: Database, day: int, file: Path) -> Archive:
    assert archive(database, on(day), file, ME).checkpoint is not None
    return open_archive(file)


def there_is(database: Database, query: str) -> list[Any]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


def holds(database: Database, *archives: Archive) -> bool:
    """Whether history and rows verify from the last checkpoint on, and with these files from the first event."""
    found = [verify_all(database), verify_all(database, archives=archives)]
    return all(isinstance(each.chain, Head) and each.rows is None for each in found)


def why(database: Database, *archives: Archive, witness: Head | None = None) -> str:
    found = verify_all(database, witness, archives or None)
    assert isinstance(found.chain, Broken), found
    return f"{found.chain.seq}: {found.chain.why}"


def test_what_ended_before_the_day_goes_and_a_request_that_is_open_keeps_nothing_else(
    database: Database, tmp_path: Path
) -> None:
    before = there_is(database, EVENTS)
    first = archived(database, 7, tmp_path / "first")
    second = archived(database, 20, tmp_path / "second")

    assert [(_name(3),)] == there_is(database, LEFT[0])
    assert before == [
        (each.seq, each.payload, each.prev_hash, each.hash) for file in (first, second) for each in file.events()
    ]
    assert holds(database, first, second)


def test_what_was_open_at_one_archive_goes_whole_into_the_next(database: Database, days: Days, tmp_path: Path) -> None:
    first = archived(database, 20, tmp_path / "first")
    with database.write() as transaction:
        expire(transaction, _name(3))
    days.day = 30
    second = archived(database, 25, tmp_path / "second")
    check_archive(second)

    assert [] == there_is(database, LEFT[0])
    assert ["archived", "archived"] == [row[0] for row in there_is(database, "SELECT kind FROM audit_event")]
    assert holds(database, first, second)


def test_a_missing_or_another_file_is_named(old: Database, tmp_path: Path) -> None:
    first, second = archived(old, 7, tmp_path / "first"), archived(old, 20, tmp_path / "second")

    assert why(old, second).startswith(f"1: the archive first (events 1 to {first.last}, ")
    assert "second (events" in why(old, first)
    assert "is missing" in why(old, first)


def test_a_head_from_archived_time_is_looked_up_in_the_file(old: Database, tmp_path: Path) -> None:
    witness = Head(3, there_is(old, EVENTS)[2][3][:16])
    file = archived(old, 20, tmp_path / "first")

    assert "3: it is in the archive first (events 1 to " in why(old, witness=witness)
    assert isinstance(verify_all(old, witness, [file]).chain, Head)
    assert why(old, file, witness=Head(3, "0" * 16)).startswith("3: its hash is not the one")


def test_a_changed_byte_is_found_wherever_it_is(old: Database, tmp_path: Path) -> None:
    content = (tmp_path / "first").read_bytes() if archived(old, 4, tmp_path / "first") else b""
    changed = tmp_path / "changed"
    unnoticed = []
    for at in range(len(content)):
        changed.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
        try:
            open_archive(changed)
            unnoticed.append(at)
        except BadArchive:
            continue
    for end in (len(content) - 1, len(content) // 2, 0):
        changed.write_bytes(content[:end])
        with pytest.raises(BadArchive):
            open_archive(changed)

    assert [] == unnoticed
    assert len(gzip.decompress(content).splitlines()) > 8


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM audit_event WHERE seq = 5", "events up to 19 are here, not the 1 that the archive first left"),
        (
            "DELETE FROM archived_request WHERE public_id = 'R-000001'",
            "8 requests are noted as archived in first, not 9",
        ),
        ("UPDATE audit_event SET payload = replace(payload, 'U0000001', 'U0000002')", "does not match its hash"),
    ],
)
def test_what_an_archive_left_cannot_be_changed_or_removed_unnoticed(
    old: Database, tmp_path: Path, change: str, found: str
) -> None:
    archived(old, 20, tmp_path / "first")
    with closing(sqlite3.connect(str(old.engine.url.database))) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(change)
        connection.commit()

    assert found in why(old)


def test_only_events_of_archived_requests_can_be_deleted(database: Database, tmp_path: Path) -> None:
    archived(database, 20, tmp_path / "first")
    for change in ("DELETE FROM audit_event", "UPDATE audit_event SET hash = 'other'"):
        with pytest.raises(Exception, match="cannot be"), database.write() as transaction:
            transaction.session.execute(text(change))


def test_another_file_of_that_name_is_left_alone(old: Database, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(CannotArchive, match="no archive: name a new one"):
        archive(old, on(20), tmp_path / "mine", ME)

    assert "mine" == (tmp_path / "mine").read_text()


def test_an_archive_that_was_damaged_since_is_not_taken_for_a_strange_file(old: Database, tmp_path: Path) -> None:
    file = archived(old, 20, tmp_path / "first")
    file.path.write_bytes(file.path.read_bytes()[:-1])

    with pytest.raises(CannotArchive, match=f"put the copy in its place whose SHA-256 is {file.sha256}"):
        archive(old, on(20), file.path, ME)


def test_a_request_that_goes_on_while_its_archive_is_written_stays(old: Database, days: Days, tmp_path: Path) -> None:
    class GoesOn(Database):
        reads = 0

        @contextmanager
        def read(self) -> Iterator[Any]:
            with super().read() as session:
                yield session
            self.reads += 1
            if self.reads == 6:
                with old.write() as transaction:
                    transaction.record(EventKind.CLICK_REFUSED, who="U0000001", request=_name(0))

    before = there_is(old, LEFT[0])
    with pytest.raises(CannotArchive, match=f"{_name(0)} has gone on meanwhile"):
        archive(GoesOn(str(old.engine.url.render_as_string(hide_password=False)), days), on(20), tmp_path / "file", ME)

    assert before == there_is(old, LEFT[0])
    assert holds(old)


class Dies(BaseException):
    """The process is killed."""


class Mortal(Database):
    """A database whose process dies at its `at`th step: before or after a commit, or at a read."""

    at = -1
    steps = 0

    @contextmanager
    def write(self, *args: Any, **options: Any) -> Iterator[Transaction]:
        with super().write(*args, **options) as transaction:
            yield transaction
            self._step()
        self._step()

    @contextmanager
    def read(self) -> Iterator[Any]:
        with super().read() as session:
            yield session
        self._step()

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Dies


@pytest.mark.long
def test_a_second_run_after_a_death_at_any_moment_ends_the_same(sqlite_url: str, days: Days, tmp_path: Path) -> None:
    database = Database(sqlite_url, days)
    with database.write() as transaction:
        for number in range(4):
            made(transaction, _name(number), orders=1)
    days.day = 1
    with database.write() as transaction:
        for number in (0, 1, 3):
            expire(transaction, _name(number))
    days.day = 40
    database.close()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ends: list[Any] = []
    at = steps = 0
    while at <= steps:
        folder = tmp_path / str(at)
        folder.mkdir()
        shutil.copy(sqlite_url.removeprefix("sqlite:///"), folder / "bot.db")
        mortal = Mortal(f"sqlite:///{folder}/bot.db", days)
        mortal.at = at or -1
        try:
            archive(mortal, on(20), folder / "file", ME)
        except Dies:
            assert isinstance(verify_all(mortal).chain, Head), at
            archive(mortal, on(20), folder / "file", ME)
        steps = mortal.steps if at == 0 else steps
        assert holds(mortal, open_archive(folder / "file")), at
        ends.append([there_is(mortal, query) for query in LEFT] + [sorted(each.name for each in folder.glob("*file*"))])
        mortal.close()
        at += 1

    assert [(_name(2),)] == ends[0][0]
    assert all(ends[0][0] == end[0] and ends[0][2:] == end[2:] and len(ends[0][1]) == len(end[1]) for end in ends)


SEEDS = (0, 3, 4, 9)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_simulated_histories_archived_at_random_borders_lose_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store: Store = Files() if kind == "sqlite" else DatabaseServer(request.getfixturevalue("postgresql"))
    stays: Counter[Stays] = Counter()
    gone = 0
    for seed in SEEDS if kind == "sqlite" else SEEDS[:2]:
        world = SimulatedWorld(plan_of(seed), store.fresh(), SimulationRules(), Counter())
        world.run()
        world.close()
        database, chance = Database(of_owner(world.database_url), lambda: datetime.now(UTC)), random.Random(seed)
        before = there_is(database, EVENTS)
        times = sorted({row[0] for row in there_is(database, "SELECT at FROM audit_event")})
        files: list[Archive] = []
        for number, border in enumerate([*sorted(chance.sample(times, min(3, len(times)))), *times[-1:]]):
            file = tmp_path / f"{seed}-{number}"
            done = archive(database, datetime.fromisoformat(border) + timedelta(microseconds=1), file, ME)
            if done.checkpoint is not None:
                files.append(open_archive(file))
                gone += done.checkpoint.requests
            stays.update(done.choice.stays if done.choice else ())
            assert holds(database, *files) or not times, (seed, number)
        whole = [(each.seq, each.payload, each.prev_hash, each.hash) for file in files for each in file.events()]
        with database.read() as session:
            last = files[-1].last if files else 0
            whole += [(*event,) for event in stored_events(session.connection(), last)]
        database.close()

        assert before == [event for event in whole if '"kind":"archived"' not in event[1]], seed
    store.close()

    assert gone > 5
    assert {Stays.NOT_OVER, Stays.SHARED} <= stays.keys()


def test_the_format_is_as_the_documentation_checks_it(old: Database, tmp_path: Path) -> None:
    file = archived(old, 20, tmp_path / "first").path
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    script = page.partition("```python\n")[2].partition("```")[0]
    exec(compile(script.replace('"FILE"', repr(str(file))), "audit.md", "exec"), {})  # the page's own check

    assert (
        f'{{"sha256":"{sha256(file.read_bytes()[:-101]).hexdigest()}"}}'
        == gzip.decompress(file.read_bytes()).decode().splitlines()[-1]
    )
