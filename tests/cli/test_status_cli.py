"""`status`: how the bot stands, and whether somebody is needed, beside a bot that serves."""

import json
from datetime import timedelta
from importlib.metadata import version

import pytest
from cli_runs import CommandLine
from sqlalchemy import text
from stored import approved
from undelivered import nobody_can_be_told
from world import ANN, BO, FIRST, QUICK, SECOND, Clock, StartWorld, World, request_id

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from storage import processes
from storage.db.transactions import Database


@pytest.fixture
def at_its_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line works on the database of the bot that serves."""
    monkeypatch.setenv("DATABASE_URL", database_url)


@pytest.fixture
def at_sqlite(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line works on a database that nothing serves."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)


@pytest.fixture
def world(start_world: StartWorld, at_its_database: None) -> World:
    """A bot that serves, and a command line that works on its database."""
    return start_world()


def needs(command: CommandLine) -> list[str]:
    """What `status` says that a person is needed for; its exit code must say the same."""
    code, out, _ = command("status", "--json")
    wanted: list[str] = json.loads(out)["needs"]

    assert code == (1 if wanted else 0)
    return wanted


def test_where_all_is_well_nobody_is_needed(world: World, command: CommandLine) -> None:
    world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    world.until_all_is_shown()
    world.until(lambda: world.rows("SELECT 1 FROM process"))
    code, out, _ = command("status")
    as_json = json.loads(command("status", "--json")[1])

    assert 0 == code
    assert "holds      none\n" in out
    assert "requests   1 finished\n" in out
    assert f"version {version('cancel-orders-bot')}" in out
    assert "never verified" in out
    assert out.endswith("needs      nobody\n")
    assert {"finished": 1} == as_json["requests"]
    assert len(world.audit()) == as_json["events"]
    assert 0 < as_json["database_bytes"]
    assert "duplicate" not in out


def test_a_pause_is_told_with_who_and_why(world: World, command: CommandLine) -> None:
    world.answer(BO, "pause because courier strike")
    wanted = needs(command)

    assert [True] == [each.startswith(f"pause by {BO} since ") and "(courier strike)" in each for each in wanted]


def test_a_refused_token_needs_somebody(world: World, command: CommandLine) -> None:
    world.fincart.settings.token_rejected = True
    world.ended(request_id(world.confirmed(ANN, FIRST)))

    assert any(each.startswith("token since ") and "renew FINCART_TOKEN" in each for each in needs(command))


def test_unknown_orders_need_somebody(start_world: StartWorld, at_its_database: None, command: CommandLine) -> None:
    world = start_world(timings=QUICK, FINCART_TIMEOUT_SECONDS="2")
    world.fincart.inject(
        Fault(FaultKind.DROP, applied=Applied.ALL),
        Fault(FaultKind.SERVER_ERROR, endpoint=Endpoint.LOGS, times=None),
    )
    public_id = request_id(world.confirmed(ANN, FIRST))
    world.slack.wait_for(lambda: "1 unknown" in getattr(world.live(public_id), "text", ""))

    assert ["1 order is unknown: look at it in Fincart, or press Check again"] == needs(command)


def test_a_run_on_hold_needs_somebody(world: World, command: CommandLine) -> None:
    world.answer(BO, "pause")
    shown = world.confirmed(ANN, FIRST)
    live = world.slack.wait_for(lambda: world.live(request_id(shown)))
    assert live is not None
    world.click(ANN, live, "Pause")
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE held_at IS NOT NULL"))

    assert f"{request_id(shown)} waits for somebody to press Go on" in needs(command)


def test_what_cannot_be_delivered_is_listed_and_sent_again(
    start_world: StartWorld, at_its_database: None, command: CommandLine
) -> None:
    world = start_world(clock=Clock())
    nobody_can_be_told(world)
    wanted = needs(command)
    listed = command("status")[1]
    world.slack.heal()
    again = command("redeliver")
    told = world.slack.wait_for(lambda: [post for post in world.slack.dms(ANN) if "2 cancelled" in post.text])

    assert ["1 message cannot be delivered: see the list, then run redeliver"] == wanted
    assert "live of R-" in listed
    assert listed.split("live of R-")[1].splitlines()[0].endswith(": user_not_found")
    assert (0, "1 message is sent again.\n") == again[:2]
    assert 1 == len(told)
    world.until(lambda: not needs(command))


def test_there_is_nothing_to_send_again_where_all_was_delivered(world: World, command: CommandLine) -> None:
    world.cancelled(ANN, FIRST)
    world.until_all_is_shown()

    assert (0, "No message was given up.\n") == command("redeliver")[:2]


@pytest.mark.usefixtures("at_sqlite")
def test_a_history_that_does_not_verify_needs_somebody(sqlite_url: str, command: CommandLine) -> None:
    database = Database(sqlite_url)
    with database.write() as transaction:
        approved(transaction)
        transaction.session.execute(text("UPDATE request SET reason = 'another' WHERE seq = 1"))
    database.close()
    verified = command("audit", "verify")
    wanted = needs(command)

    assert 1 == verified[0]
    assert [f"the history does not verify: {verified[1].splitlines()[-1]}"] == wanted


def test_work_that_waits_while_no_process_serves_needs_somebody(
    start_world: StartWorld, at_its_database: None, command: CommandLine
) -> None:
    world = start_world()
    world.preview(ANN, FIRST)
    world.until_all_is_shown()
    world.shut_down()
    database = Database(world.database_url)
    with database.write() as transaction:
        transaction.session.execute(
            text("UPDATE slack_message SET wanted = wanted + 1, due_at = :at"),
            {"at": "2026-11-01 10:00:00+00:00"},
        )
    database.close()
    wanted = needs(command)

    assert ["work waits too long: messages for", "no process serves"] == [wanted[0][:33], wanted[1]]


@pytest.mark.usefixtures("at_sqlite")
def test_a_bot_that_died_with_nothing_left_to_do_needs_somebody(sqlite_url: str, command: CommandLine) -> None:
    database = Database(sqlite_url)
    with database.write() as transaction:
        processes.record_alive(transaction, "host:1").seen_at = transaction.now() - timedelta(minutes=5)
    database.close()
    died = needs(command)
    with Database(sqlite_url).write() as transaction:
        processes.record_alive(transaction, "host:2")

    assert ["no process serves"] == died
    assert [] == needs(command)


@pytest.mark.usefixtures("at_sqlite")
def test_a_bot_that_was_stopped_needs_nobody(sqlite_url: str, command: CommandLine) -> None:
    database = Database(sqlite_url)
    with database.write() as transaction:
        processes.gone(transaction, "host:1")
    database.close()

    assert [] == needs(command)


def test_a_database_that_cannot_be_read_is_told_in_json_too(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere.db")
    (wanted,) = needs(command)

    assert wanted.startswith("there is no database nowhere.db.")
