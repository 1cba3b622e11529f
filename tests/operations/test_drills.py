"""Each page of docs/operations/ that has commands, played: the fault is brought about, and the page's way out taken."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from drill import Play
from sqlalchemy import make_url
from torture.outside import ANN, BO, ORDERS, order_ids, request_id
from world import of_sqlalchemy

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.socket import SlackSocket

pytestmark = [pytest.mark.long, pytest.mark.in_turn]

IDS = order_ids(6)
ON_THE_PAGE = "R-7K3F9Q"


def test_fincart_refuses_the_token(play: Play) -> None:
    with play("fincart-refuses-the-token.md") as drill:
        met, waits = drill.ask(f"{IDS[0]} {IDS[1]}"), drill.ask(f"{IDS[2]} {IDS[3]}")
        drill.fincart.settings.token = "a-new-token-of-fincarts"
        drill.press(ANN, met, "go_ahead")
        drill.see(drill.shown)
        drill.press(ANN, waits, "go_ahead")
        drill.see(drill.shown)
        drill.run()
        drill.run(typed="a-new-token-of-fincarts")
        drill.ended(request_id(waits))
        drill.run_until()

        assert ["Pending", "Pending", "Cancelled", "Cancelled"] == [drill.fincart.status(order) for order in IDS[:4]]


def test_fincart_is_down(play: Play) -> None:
    with play("fincart-is-down.md") as drill:
        asked = drill.ask(" ".join(IDS[:2]))
        for endpoint in Endpoint:
            drill.fincart.inject(Fault(FaultKind.SERVER_ERROR, endpoint=endpoint, times=None))
        drill.press(ANN, asked, "go_ahead")
        drill.see(drill.shown)
        drill.run_until()
        drill.run()
        drill.fincart.clear_faults()
        drill.ended(request_id(asked))
        drill.run_until()

        assert ["Cancelled", "Cancelled"] == [drill.fincart.status(order) for order in IDS[:2]]


def test_slack_was_down(play: Play) -> None:
    with play("slack-was-down.md", UNDO_SECONDS="2") as drill:
        asked = drill.ask(" ".join(IDS[:2]))
        drill.call(ON_THE_PAGE, request_id(asked))
        drill.press(ANN, asked, "go_ahead")
        drill.slack.wait_for(drill.shown)
        drill.slack.fail("*", SlackFault(SlackFaultKind.SERVER_ERROR), None)
        drill.run_until()
        drill.run()
        drill.slack.heal()
        drill.see(drill.shown)
        drill.run_until()
        drill.run()


def test_something_wrong_was_approved(play: Play) -> None:
    with play("something-wrong-was-approved.md") as drill:
        asked = drill.ask(" ".join(IDS))
        drill.call(ON_THE_PAGE, request_id(asked))
        drill.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[2], applied=Applied.ALL))
        drill.press(ANN, asked, "go_ahead")
        drill.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2)
        drill.run()
        drill.run()
        drill.fincart.release()
        drill.run_until()
        drill.run_until()

        assert ["Pending", "Pending"] == [drill.fincart.status(order) for order in IDS[4:]]


def test_the_disk_is_full(play: Play) -> None:
    with play("disk-full.md") as drill:
        asked = drill.ask(" ".join(IDS[:4]))
        drill.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[2], applied=Applied.ALL))
        drill.press(ANN, asked, "go_ahead")
        drill.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2)
        drill.disk_is_full(True)
        drill.fincart.release()
        drill.slack.type_command(ANN, ORDERS, f"/cancel-orders {IDS[5]}")
        drill.see(lambda: drill.told(ANN))
        drill.run_until()
        drill.disk_is_full(False)
        drill.ended(request_id(asked))
        drill.run_until()

        assert [1, 1, 1, 1] == [drill.fincart.times_cancelled(order) for order in IDS[:4]]


def test_slack_refuses_the_token(play: Play) -> None:
    with play("slack-refuses-the-token.md", UNDO_SECONDS="5") as drill:
        asked = drill.ask(" ".join(IDS[:2]))
        drill.press(ANN, asked, "go_ahead")
        drill.slack.state.refuses_token = "token_revoked"
        drill.run_until()
        drill.slack.state.bot_token, drill.slack.state.refuses_token = "xoxb-2-new", ""
        drill.run(typed="xoxb-2-new")
        drill.ended(request_id(asked))
        drill.run_until()

        assert ["Cancelled", "Cancelled"] == [drill.fincart.status(order) for order in IDS[:2]]


def test_somebody_left(play: Play) -> None:
    with play("somebody-left.md", SECOND_APPROVAL_ABOVE="0", APPROVER_USERS=BO, ALLOWED_USERS=ANN) as drill:
        drill.slack.add_person("U0000003", "cy")
        asked = drill.ask(" ".join(IDS[:2]))
        drill.call(ON_THE_PAGE, request_id(asked))
        drill.press(ANN, asked, "ask_approval")
        drill.slack.wait_for(drill.shown)
        drill.slack.state.people[ANN].deleted = True
        drill.run()
        drill.slack.state.people[BO].deleted = True
        drill.run()
        drill.run()
        drill.run_until()


def test_it_is_upgraded_in_the_middle_of_a_run(play: Play, version_before: Path) -> None:
    with play("upgrade.md", PYTHONPATH=str(version_before)) as drill:
        asked = drill.ask(" ".join(IDS))
        drill.fincart.inject(Fault(FaultKind.SLOW, order_id=IDS[2], seconds=5.0))
        drill.run()
        drill.install()
        drill.press(ANN, asked, "go_ahead")
        drill.fincart.wait_for(lambda fincart: len(fincart.cancel_calls) == 2)
        drill.run()
        drill.ended(request_id(asked))
        drill.run_until()
        drill.install(version_before)
        drill.run()

        assert [1] * 6 == [drill.fincart.times_cancelled(order) for order in IDS]


@pytest.fixture
def change_password(postgresql: str) -> Iterator[Callable[[str], str]]:
    """Changes the password of a database's owner; the database's address with it."""
    with psycopg.connect(postgresql, autocommit=True) as admin:
        [(file,)] = admin.execute("SHOW hba_file").fetchall()
        hba = Path(file).read_text(encoding="utf-8")
        Path(file).write_text(f"local rotated rotated scram-sha-256\n{hba}", encoding="utf-8")
        admin.execute("CREATE DATABASE rotated TEMPLATE template_bot")
        admin.execute("CREATE ROLE rotated SUPERUSER LOGIN")
        admin.execute("SELECT pg_reload_conf()")

        def change(password: str) -> str:
            admin.execute(f"ALTER ROLE rotated PASSWORD '{password}'")
            address = make_url(of_sqlalchemy(postgresql, "rotated")).set(username="rotated", password=password)
            return address.render_as_string(hide_password=False)

        yield change
        admin.execute("DROP DATABASE rotated WITH (FORCE)")
        admin.execute("DROP ROLE rotated")
        Path(file).write_text(hba, encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")


def test_secrets_are_changed_one_after_the_other(play: Play, change_password: Callable[[str], str]) -> None:
    with play("rotate.md", DATABASE_URL=change_password("first")) as drill:
        drill.psql = lambda: change_password("a@second")
        drill.fincart.settings.token = "a-new-token-of-fincarts"
        drill.run(typed="a-new-token-of-fincarts")
        drill.slack.state.bot_token = "xoxb-2-new"
        drill.slack.type_command(ANN, ORDERS, "/cancel-orders waiting")
        drill.until(lambda: drill.rows("SELECT 1 FROM hold WHERE kind = 'slack'"))
        drill.run(typed="xoxb-2-new")
        drill.run_until()
        drill.slack.state.signing_secret = "0123456789abcdef0123456789abcdef"
        refused = drill.slack.type_command(ANN, ORDERS, "/cancel-orders waiting")
        drill.run(typed="0123456789abcdef0123456789abcdef")
        drill.insist(lambda: drill.slack.type_command(ANN, ORDERS, "/cancel-orders waiting"))
        drill.see(lambda: drill.told(ANN))
        with SlackSocket(drill.slack) as socket:
            drill.slack.state.app_token = "xapp-2-new"
            drill.set("SLACK_APP_TOKEN_FILE", "secrets/slack_app_token")
            drill.run(typed="xapp-2-new")
            drill.run_until()
            drill.run(typed=change_password("a@second"))
            drill.run_until()
            drill.cancel(IDS[:2])

            assert not refused.ok
            assert 1 == socket.connections


def test_the_audit_does_not_verify(play: Play, tmp_path: Path) -> None:
    with play("audit-does-not-verify.md", VERIFY_RESULTS="false") as drill:
        drill.call(ON_THE_PAGE, drill.cancel(IDS[:2]))
        drill.call("859f415f5083d055", drill.rows("SELECT hash FROM audit_event WHERE seq = 6")[0]["hash"][:16])
        with closing(sqlite3.connect(tmp_path / "cancel-orders.db")) as database:
            database.execute("VACUUM INTO ?", [str(tmp_path / "backup.db")])
            drill.cancel(IDS[2:4])
            database.execute("UPDATE request SET requester = 'U0000002' WHERE seq = 1")
            database.commit()
        for _ in range(4):
            drill.run()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_process(play: Play, database_url: str) -> None:
    with play("scale.md", DATABASE_URL=database_url) as drill:
        drill.start()
        assert all(life.url for life in drill.lives)
        drill.run_until()
