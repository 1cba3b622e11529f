"""`audit list|show|export|verify`, on a history of the bot's own making."""

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_runs import CommandLine

from storage import requests
from storage.audit.log import Head, canonical, event_hash, last_head
from storage.db.transactions import Database
from storage.enums import EventKind, Origin, RequestState
from storage.id_source import IdSource
from storage.requests import NewOrder, NewRequest

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
COLUMNS = "audit_event (seq, payload, prev_hash, hash)"


@pytest.fixture
def audit(command: CommandLine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Runs `audit …` on a fresh database of either kind."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *arguments: command("audit", *arguments)


def ask(
    database_url: str,
    public_id: str,
    reason: str | None = None,
    who: str = "U0000001",
    day: int = 0,
    listed: str | None = None,
) -> None:
    """Record a request of two orders, made on this day after the first."""
    at = NOW + timedelta(days=day)
    database = Database(database_url, lambda: at)
    with database.write() as transaction:
        new = NewRequest(
            public_id=public_id,
            delivery_id=f"delivery of {public_id}",
            team_id="T0000001",
            requester=who,
            channel_id="C0000001",
            origin=Origin.COMMAND,
            reason=reason,
            reason_listed=listed,
            orders=[NewOrder("6864fecda075914a1b1e353c"), NewOrder(f"order-{public_id[2:]}")],
            order_count=2,
            source=IdSource(),
        )
        request = requests.make(transaction, new, at + timedelta(minutes=15))
        requests.move(transaction, request, RequestState.EXPIRED, decided_at=at, due_at=None)
        transaction.record(EventKind.EXPIRED, who=None, request=public_id)
    database.close()


def tamper(database_url: str, statement: str) -> None:
    """What somebody who owns the file can do."""
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute(statement)
    file.close()


def head_of(database_url: str) -> Head:
    database = Database(database_url)
    with database.read() as session:
        head = last_head(session.connection())
    database.close()
    assert head is not None
    return head


def listed(out: str) -> list[str]:
    return re.findall(r"^R-\w{6}", out, re.MULTILINE)


# --- list


def test_list_shows_requests_newest_first(audit: CommandLine, database_url: str) -> None:
    for number in range(3):
        ask(database_url, f"R-AAAAA{number}")

    code, out, _ = audit("list")

    assert (0, ["R-AAAAA2", "R-AAAAA1", "R-AAAAA0"]) == (code, listed(out))


def test_list_stops_at_its_limit(audit: CommandLine, database_url: str) -> None:
    for number in range(3):
        ask(database_url, f"R-AAAAA{number}")

    assert ["R-AAAAA2", "R-AAAAA1"] == listed(audit("list", "--limit", "2")[1])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--person", "U0000002"], ["R-AAAAA1"]),
        (["--order", "order-AAAAA2"], ["R-AAAAA2"]),
        (["--status", "finished"], []),
        (["--status", "expired", "--text", "DUPLICATE"], ["R-AAAAA0"]),
        (["--reason", "DUPLICATE"], ["R-AAAAA0"]),
        (["--reason", "fraud"], []),
        (["--since", "2026-11-25"], ["R-AAAAA2", "R-AAAAA1"]),
        (["--since", "2026-11-25", "--until", "9999-12-31"], ["R-AAAAA2", "R-AAAAA1"]),
        (["--until", "2026-11-25"], ["R-AAAAA1", "R-AAAAA0"]),
        (["--outcome", "unknown"], []),
    ],
)
def test_list_is_filtered_as_history_is(
    audit: CommandLine, database_url: str, filters: list[str], found: list[str]
) -> None:
    ask(database_url, "R-AAAAA0", "a duplicate", listed="Duplicate")
    ask(database_url, "R-AAAAA1", who="U0000002", day=1)
    ask(database_url, "R-AAAAA2", day=2)

    assert found == listed(audit("list", *filters)[1])


def test_what_a_person_typed_cannot_steer_the_terminal(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0", "\x1b[2Jgone\nR-FAKE00  2026")

    _, out, _ = audit("list")

    assert 1 == len(out.splitlines())
    assert "\x1b" not in out


# --- show


def test_show_tells_orders_and_events_of_one_request(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0", "a duplicate")
    ask(database_url, "R-AAAAA1")

    code, out, _ = audit("show", "aaaaa0")

    assert 0 == code
    assert ["R-AAAAA0", "6864fecda075914a1b1e353c", "order-AAAAA0", "audit", "audit"] == [
        line.split()[0] for line in out.splitlines()
    ]


def test_show_says_that_there_is_no_such_request(audit: CommandLine) -> None:
    assert (1, "", "there is no request R-AAAAA9.\n") == audit("show", "R-AAAAA9")


# --- export


def test_a_csv_has_one_row_an_event(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0", "“quoted”, and\nbroken")

    _, out, _ = audit("export", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [("1", "request_made", "U0000001"), ("2", "expired", "")] == [
        (row["seq"], row["kind"], row["who"]) for row in rows
    ]
    assert "“quoted”, and\nbroken" == json.loads(rows[0]["details"])["reason"]


def test_jsonl_has_one_object_an_event_from_which_the_chain_can_be_made_again(
    audit: CommandLine, database_url: str
) -> None:
    ask(database_url, "R-AAAAA0")

    events = [json.loads(line) for line in audit("export", "--format", "jsonl")[1].splitlines()]

    payloads = [{key: each[key] for key in ("at", "kind", "who", "request", "details")} for each in events]
    assert [each["hash"] for each in events] == [
        event_hash(each["seq"], each["prev_hash"], canonical(payload))
        for each, payload in zip(events, payloads, strict=True)
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(audit: CommandLine, database_url: str, start: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        transaction.record(EventKind.HELD, who=f"{start}cmd|' /C calc'!A0", request=None)
    database.close()

    rows = list(csv.DictReader(io.StringIO(audit("export")[1], newline="")))

    assert f"'{start}cmd|' /C calc'!A0" == rows[0]["who"]


def test_export_goes_on_page_after_page(audit: CommandLine, database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        for number in range(2001):
            transaction.record(EventKind.HELD, who=f"U{number}", request=None)
    database.close()

    seqs = [json.loads(line)["seq"] for line in audit("export", "--format", "jsonl")[1].splitlines()]

    assert list(range(1, 2002)) == seqs


def test_a_reader_that_has_seen_enough_is_no_error(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    with database.write() as transaction:
        for _ in range(3000):
            transaction.record(EventKind.HELD, who="U0000001", request=None)
    database.close()
    exporting = subprocess.Popen(
        [sys.executable, "-m", "bot", "audit", "export"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": sqlite_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert exporting.stdout is not None
    assert exporting.stderr is not None

    exporting.stdout.readline()
    exporting.stdout.close()
    said = exporting.stderr.read()
    exporting.stderr.close()

    assert (0, b"") == (exporting.wait(30), said)


# --- verify


def test_verify_says_where_a_history_that_holds_ends(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0")
    head = head_of(database_url)

    code, out, err = audit("verify")

    assert (0, "") == (code, err)
    assert f"the history holds: 2 events, audit {head.short()} " in out


def test_an_empty_history_holds(audit: CommandLine) -> None:
    code, out, _ = audit("verify")

    assert (0, "the history is empty") == (code, out.splitlines()[0])


@pytest.mark.parametrize("form", ["{seq}:{hash}", "{seq}:{short}", "{seq} · {short}", "audit {seq} · {short}"])
def test_verify_takes_a_head_as_slack_shows_it_or_whole(audit: CommandLine, database_url: str, form: str) -> None:
    ask(database_url, "R-AAAAA0")
    head = head_of(database_url)

    code, _, _ = audit("verify", "--head", form.format(seq=head.seq, hash=head.hash, short=head.hash[:16]))

    assert 0 == code


def test_verify_names_the_first_event_that_a_head_contradicts(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0")

    code, out, _ = audit("verify", "--head", f"2:{'0' * 16}")

    assert 1 == code
    assert "broken at 2: its hash is not the one that was kept elsewhere" in out


def test_verify_finds_the_tail_cut_off(audit: CommandLine, database_url: str) -> None:
    ask(database_url, "R-AAAAA0")

    code, out, _ = audit("verify", "--head", f"7:{'0' * 16}")

    assert 1 == code
    assert "broken at 3: the chain ends at 2" in out


@pytest.mark.parametrize("head", ["7", "7:abc", "x:0000000000000000", "7:zzzzzzzzzzzzzzzz", f"7:{'0' * 65}"])
def test_a_head_that_is_none_is_refused(audit: CommandLine, head: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        audit("verify", "--head", head)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit_event SET payload = replace(payload, 'U0000001', 'U0000002') WHERE seq = 3", 3),
        ("UPDATE audit_event SET hash = replace(hash, substr(hash, 1, 1), 'g') WHERE seq = 2", 2),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("DELETE FROM audit_event WHERE seq = 1", 1),
        ("UPDATE audit_event SET seq = 9 WHERE seq = 2", 2),
        (f"INSERT INTO {COLUMNS} VALUES (5, '{{}}', 'x', 'y')", 5),
        (f"INSERT INTO {COLUMNS} SELECT 5, '{{}}', hash, 'y' FROM audit_event WHERE seq = 4", 5),
    ],
)
def test_verify_names_the_first_event_that_was_tampered_with(
    command: CommandLine, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, statement: str, first_bad: int
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    for number in range(2):
        ask(sqlite_url, f"R-AAAAA{number}")
    tamper(sqlite_url, statement)

    code, out, _ = command("audit", "verify")

    assert 1 == code
    assert out.startswith(f"the history is broken at {first_bad}: ")


# --- what is not there


@pytest.mark.parametrize("arguments", [["list"], ["show", "R-AAAAA0"], ["export"], ["verify"]])
def test_a_mistyped_path_makes_no_database(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///mistyped.db")

    code, out, err = command("audit", *arguments)

    assert (1, "") == (code, out)
    assert err.startswith("there is no database mistyped.db.")
    assert not (tmp_path / "mistyped.db").exists()


def test_another_programs_database_is_told_apart(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE other (x)").connection.close()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")

    assert (1, "", "the database holds no history of this bot. Correct DATABASE_URL.\n") == command("audit", "verify")


def test_a_file_that_is_no_database_is_told_in_plain_words(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notes.db").write_text("these are notes, and there are many of them" * 100)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///notes.db")

    code, _, err = command("audit", "verify")

    assert 1 == code
    assert "file is not a database" in err


def test_the_history_can_be_read_whatever_else_is_wrong_with_the_settings(
    audit: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINCART_BATCH_SIZE", "many")

    assert 0 == audit("verify")[0]
