"""`python -m bot COMMAND` as a process of its own, in a directory of its own."""

import json
import os
import pwd
import re
import socket
from pathlib import Path

import httpx
import pytest
import yaml
from sqlalchemy import text
from town import ANN, ORDER, ORDERS, CliTown, ready, run

from bot.sandbox.fincart.faults import Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.http import deliver_http
from bot.sandbox.slack.socket import SlackSocket
from storage.audit.log import Head, stored_events, verify
from storage.db.transactions import Database


@pytest.mark.parametrize("command", [["check"], ["serve"], ["audit", "list"], ["audit", "verify"]])
@pytest.mark.parametrize("password", ["h0rse@battery#st/aple", "h0rse/battery", "h0rse#battery", "h0rse@battery"])
def test_no_part_of_a_database_password_is_printed(tmp_path: Path, command: list[str], password: str) -> None:
    given = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "FINCART_TOKEN": "f", "ALLOWED_USERS": ANN}
    ended = run(tmp_path, *command, DATABASE_URL=f"postgresql+psycopg://u:{password}@127.0.0.1:1/d", **given)
    said = ended.stdout + ended.stderr

    assert 0 != ended.returncode
    assert "%40 for @" in said
    assert [] == [part for part in ("h0rse", "battery", "aple") if part in said]


def _died_with_an_approval(town: CliTown, folder: Path) -> None:
    """A bot is killed before it has sent what was approved: what a copy of its database holds."""
    serving = town.serve(folder, UNDO_SECONDS="2")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: town.slack.messages(ORDERS), 10)
    serving.process.kill()
    serving.process.wait(10)


def test_a_restored_database_sends_nothing_until_somebody_resumes(town: CliTown, tmp_path: Path) -> None:
    _died_with_an_approval(town, tmp_path)
    serving = town.serve(tmp_path, "--paused", UNDO_SECONDS="2")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    operator = f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    town.slack.wait_for(lambda: town.told(f"All sending is paused by {operator} (started with --paused)"), 20)
    sent = town.fincart.cancel_calls
    town.slack.type_command(ANN, ORDERS, "/cancel-orders resume")
    town.slack.wait_for(lambda: town.told("1 cancelled"), 20)
    serving.terminate()
    events = run(tmp_path, "audit", "export", "--format", "jsonl").stdout.splitlines()
    held = [event for event in map(json.loads, events) if event["kind"] in ("held", "hold_ended", "batch_settled")]

    assert () == sent
    assert [("held", operator), ("hold_ended", ANN)] == [(each["kind"], each["who"]) for each in held[:2]]
    assert run(tmp_path, "audit", "verify").returncode == 0


def test_a_pause_that_is_there_already_stays_and_is_said(town: CliTown, tmp_path: Path) -> None:
    for _ in range(2):
        serving = town.serve(tmp_path, "--paused")
        serving.url()
        serving.terminate()
    events = run(tmp_path, "audit", "export", "--format", "jsonl").stdout.splitlines()

    assert re.search("paused already by operator:.* nothing is sent until somebody types", serving.log)
    assert ["held"] == [json.loads(event)["kind"] for event in events]


def test_serve_cancels_orders_over_http_from_any_directory_and_stops_when_told(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path)
    url = serving.url()
    town.slack.deliver = deliver_http(f"{url}/slack/events")
    pages = [httpx.get(f"{url}/{page}").status_code for page in ("healthz", "readyz")]

    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: town.told("1 cancelled"), 10)
    code, seconds = serving.terminate()

    assert ([200, 200], 0) == (pages, code)
    assert seconds < 5
    assert (tmp_path / "cancel-orders.db").is_file()
    assert run(tmp_path, "audit", "verify").returncode == 0


def test_serve_cancels_orders_in_socket_mode_and_stops_when_told(town: CliTown, tmp_path: Path) -> None:
    with SlackSocket(town.slack) as slack_socket:
        serving = town.serve(tmp_path, SLACK_APP_TOKEN=town.slack.state.app_token, SLACK_SIGNING_SECRET="")
        url = serving.url()
        town.slack.wait_for(lambda: slack_socket.connections, 10)
        ready(url)
        health = httpx.get(f"{url}/healthz").status_code

        town.ask_and_go_ahead()
        town.slack.wait_for(lambda: town.told("1 cancelled"), 10)
        code, seconds = serving.terminate()

    assert (200, 0) == (health, code)
    assert seconds < 5


def test_serve_waits_for_slack_to_be_reachable_in_socket_mode(town: CliTown, tmp_path: Path) -> None:
    town.slack.fail("apps.connections.open", SlackFault(SlackFaultKind.SERVER_ERROR), times=1)
    with SlackSocket(town.slack) as slack_socket:
        serving = town.serve(tmp_path, SLACK_APP_TOKEN=town.slack.state.app_token, SLACK_SIGNING_SECRET="")

        connected = town.slack.wait_for(lambda: slack_socket.connections, 15)
        code, _ = serving.terminate()

    assert (1, 0) == (connected, code)


def test_serve_ends_in_plain_words_where_slack_refuses_the_app_token(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path, SLACK_APP_TOKEN="xapp-1-wrong-token", SLACK_SIGNING_SECRET="")

    code = serving.process.wait(30)
    serving._reader.join(5)

    assert 1 == code
    assert "Slack refuses SLACK_APP_TOKEN (invalid_auth)" in serving.log
    assert "xapp-1-wrong-token" not in serving.log
    assert "Traceback" not in serving.log


def test_serve_stops_within_two_seconds_of_those_that_calls_have_while_fincart_hangs(
    town: CliTown, tmp_path: Path
) -> None:
    town.fincart.inject(Fault(FaultKind.HANG, times=None))
    serving = town.serve(tmp_path, FINCART_TIMEOUT_SECONDS="60", STOP_SECONDS="1.5")
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.ask_and_go_ahead()
    town.slack.wait_for(lambda: town.fincart.cancel_calls, 10)

    code, seconds = serving.terminate()

    assert 0 == code
    assert 1.5 <= seconds < 3.5


def test_serve_stops_within_ten_seconds_while_slack_hangs(town: CliTown, tmp_path: Path) -> None:
    serving = town.serve(tmp_path)
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    town.slack.fail("*", SlackFault(SlackFaultKind.HANG), times=None)
    town.slack.type_command(ANN, ORDERS, f"/cancel-orders {ORDER}")
    town.slack.wait_for(lambda: town.slack.core.faults.struck[SlackFaultKind.HANG], 10)

    code, seconds = serving.terminate()

    assert 0 == code
    assert seconds < 10


def test_told_to_stop_before_it_serves_it_ends_at_once_with_0(town: CliTown, tmp_path: Path) -> None:
    new = Database(f"sqlite:///{tmp_path}/new.db")
    with new.write() as transaction:
        transaction.connection.execute(text("SELECT 1"))  # begins: the migration waits for its turn
        serving = town.serve(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
        serving.says("starting")
        code, seconds = serving.terminate()
    new.close()

    assert 0 == code
    assert seconds < 5
    assert "listening" not in serving.log


def test_two_that_start_at_once_on_one_new_database_both_come_up(town: CliTown, tmp_path: Path) -> None:
    both = [town.serve(tmp_path) for _ in range(2)]

    ready = [httpx.get(f"{each.url()}/readyz").status_code for each in both]
    codes = [each.terminate()[0] for each in both]

    assert [200, 200] == ready
    assert [0, 0] == codes


def test_a_thousand_questions_after_its_health_take_less_than_a_second_of_the_processor(
    town: CliTown, tmp_path: Path
) -> None:
    serving = town.serve(tmp_path)
    url = serving.url()
    ready(url)
    before = _processor_seconds(serving.process.pid)
    with httpx.Client(trust_env=False, headers={"Connection": "close"}) as anew_each_time:
        answers = {anew_each_time.get(f"{url}/{page}").status_code for page in ("healthz", "readyz") * 500}
    took = _processor_seconds(serving.process.pid) - before
    serving.terminate()

    assert {200} == answers
    assert took < 1


def _processor_seconds(pid: int) -> float:
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def test_the_chain_written_by_two_processes_is_unbroken(town: CliTown, tmp_path: Path) -> None:
    both = [town.serve(tmp_path) for _ in range(2)]
    for number, each in enumerate(both):
        town.slack.deliver = deliver_http(f"{each.url()}/slack/events")
        town.slack.type_command(ANN, ORDERS, f"/cancel-orders {ORDER[:-1]}{number}")
    town.slack.wait_for(lambda: len(town.slack.ephemerals(ANN)) == 2, 10)
    for each in both:
        each.terminate()
    database = Database(f"sqlite:///{tmp_path}/cancel-orders.db")

    with database.read() as session:
        end = verify(stored_events(session.connection()))
    database.close()

    assert isinstance(end, Head)
    assert end.seq >= 4


def test_serve_says_in_plain_words_that_its_port_is_in_use(town: CliTown, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "serve", **town.settings(PORT=port))

    assert 1 == done.returncode
    assert f"cannot listen on 127.0.0.1, port {port}: address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_says_in_plain_words_that_the_database_cannot_be_used(town: CliTown, tmp_path: Path) -> None:
    done = run(tmp_path, "serve", **town.settings(DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/bot.db"))

    assert 1 == done.returncode
    assert "the database cannot be used: unable to open database file" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_names_every_wrong_setting_before_anything_starts(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", FINCART_BATCH_SIZE="many", ALLOWED_USERS="@ann")

    assert 2 == done.returncode
    assert {"FINCART_BATCH_SIZE", "ALLOWED_USERS", "SLACK_BOT_TOKEN", "FINCART_TOKEN", "SLACK_APP_TOKEN"} == {
        line.partition(":")[0] for line in done.stderr.splitlines()
    }
    assert [] == list(tmp_path.iterdir())


def test_the_manifest_for_http_has_the_address_in_it(tmp_path: Path) -> None:
    done = run(tmp_path, "manifest", "--url", "https://bot.example.com/")

    told = yaml.safe_load(done.stdout)
    assert "https://bot.example.com/slack/events" == told["settings"]["interactivity"]["request_url"]


def test_the_manifest_has_the_names_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMMAND_NAME=/cancel-staging\nINSTALLATION_NAME=staging\n")
    done = run(tmp_path, "manifest")

    assert 0 == done.returncode
    assert 'command: "/cancel-staging"' in done.stdout
    assert 'name: "Cancel orders (staging)"' in done.stdout


def test_no_manifest_is_made_for_a_command_that_slack_would_refuse(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMMAND_NAME=cancel-staging\n")
    done = run(tmp_path, "manifest")

    assert 2 == done.returncode
    assert done.stderr.startswith("COMMAND_NAME: ")


def test_a_manifest_for_an_address_that_is_none_is_refused_in_plain_words(tmp_path: Path) -> None:
    done = run(tmp_path, "manifest", "--url", "bot.example.com")

    assert 2 == done.returncode
    assert done.stderr.startswith("--url: is not an address")


def test_the_command_line_explains_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")

    assert 0 == done.returncode
    assert {"serve", "demo", "check", "manifest", "audit"} <= set(re.findall(r"^ {4}(\w+)", done.stdout, re.MULTILINE))


def test_run_as_a_module_it_calls_itself_so(tmp_path: Path) -> None:
    assert run(tmp_path, "audit", "verify", "--help").stdout.startswith("usage: python -m bot audit verify ")


def test_the_version_is_said_of_a_module_too(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")

    assert 0 == done.returncode
    assert re.fullmatch(r"cancel-orders-bot \d+\.\d+\.\d+\n", done.stdout)
