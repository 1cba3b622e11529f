"""The log of `serve` processes, as whoever is on call reads it."""

import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from town import ANN, ORDER, ORDERS, CliTown, Serve, run

from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.http import deliver_http
from bot.sandbox.slack.socket import SlackSocket
from bot.sandbox.slack.state import Post

BO, OTHER, THIRD = "U0000002", "6864fecda075914a1b1e0002", "6864fecda075914a1b1e0003"
Line = dict[str, Any]


def lines(serving: Serve) -> list[Line]:
    """All that it has logged: each line is an object of its own."""
    return [json.loads(line) for line in serving.log.splitlines()]


def events(serving: Serve) -> list[str]:
    return [line.get("event", "") for line in lines(serving)]


def of(serving: Serve, event: str) -> Line:
    """The only line of this event, once it is there."""
    serving.says(f'"event": "{event}"')
    (line,) = (line for line in lines(serving) if line.get("event") == event)
    return line


def served(town: CliTown, folder: Path, *arguments: str, **settings: str) -> Serve:
    serving = town.serve(folder, *arguments, **{"LOG_FORMAT": "json", "ALLOWED_USERS": f"{ANN},{BO}", **settings})
    town.slack.deliver = deliver_http(f"{serving.url()}/slack/events")
    return serving


def asked(town: CliTown, text: str, button: str, person: str = ANN) -> None:
    """Ask, and press this button of the preview."""
    before = len(town.slack.ephemerals(person, ORDERS))
    town.slack.type_command(person, ORDERS, f"/cancel-orders {text}")

    def preview() -> list[Post]:
        news = town.slack.ephemerals(person, ORDERS)[before:]
        return [post for post in news if any(each.text == button for each in post.buttons())]

    town.slack.click(person, town.slack.wait_for(preview)[0], button)


@pytest.fixture
def town(town: CliTown) -> CliTown:
    """With somebody who may approve, and a second order."""
    town.slack.add_person(BO, "bo")
    town.slack.add_channel(ORDERS, "orders", ANN, BO)
    town.fincart.add(OTHER)
    return town


def test_a_run_is_told_from_the_asking_to_its_end_and_each_line_says_whose(town: CliTown, tmp_path: Path) -> None:
    serving = served(town, tmp_path)
    asked(town, f"{ORDER} because duplicate", "Cancel 1 order")
    end = of(serving, "finished")
    processes = json.loads(run(tmp_path, "status", "--json").stdout)["processes"]
    serving.terminate()
    told = [line for line in lines(serving) if "request" in line]

    assert ["process_starting", "process_started"] == events(serving)[:2]
    assert ["process_stopping", "process_stopped"] == events(serving)[-2:]
    assert ["request_made", "went_ahead", "run_started", "finished"] == [line["event"] for line in told]
    assert {end["request"]} == {line["request"] for line in told}
    assert (1, 0, 0, 0) == tuple(end[name] for name in ("cancelled", "rejected", "not_sent", "unknown"))
    assert f"{end['request']}: run finished: 1 cancelled" == end["message"]
    assert re.fullmatch("[0-9a-f]{64}", told[1]["delivery"])
    assert {(each["owner"], each["version"]) for each in processes} == {
        (line["process"], line["version"]) for line in lines(serving)
    }


def test_a_line_of_text_says_the_same(town: CliTown, tmp_path: Path) -> None:
    serving = served(town, tmp_path, LOG_FORMAT="text")
    asked(town, ORDER, "Cancel 1 order")
    public_id = serving.says(r"event=went_ahead request=(R-\w{6}) delivery=[0-9a-f]{64} ")[1]

    line = serving.says(rf"INFO    bot\.history: {public_id}: run finished: 1 cancelled (event=finished .*)\n")[1]
    figures = "cancelled=1 rejected=0 not_sent=0 unknown=0"

    assert re.fullmatch(rf"event=finished request={public_id} {figures} process=\S+ version=\d+\.\d+\.\d+", line)


def test_a_token_that_fincart_refuses_is_one_error_within_two_seconds_and_its_hold_ends_in_one_line(
    town: CliTown, tmp_path: Path
) -> None:
    """Of two processes that send for several requests."""
    both = [served(town, tmp_path, FINCART_BATCH_SIZE="1") for _ in range(2)]
    town.fincart.settings.token_rejected = True
    for order in (ORDER, OTHER):
        asked(town, order, "Cancel 1 order")
    assert town.fincart.wait_for(lambda fincart: bool(fincart.cancel_calls))
    refused_at = time.time()
    town.slack.wait_for(lambda: town.told("1 not sent"))
    town.fincart.settings.token_rejected = False
    # Both may have been under way already; this one waits.
    town.fincart.add(THIRD)
    asked(town, THIRD, "Cancel 1 order")
    town.slack.type_command(ANN, ORDERS, "/cancel-orders resume")
    town.slack.wait_for(lambda: town.told("1 cancelled"))
    for serving in both:
        serving.terminate()
    (error,) = (line for serving in both for line in lines(serving) if line["level"] == "ERROR")
    (end,) = (line for serving in both for line in lines(serving) if line["event"] == "hold_ended")

    assert ("held", "token", "User is not authorized") == tuple(error[name] for name in ("event", "hold", "why"))
    assert 2 > datetime.fromisoformat(error["at"]).timestamp() - refused_at
    assert ("token", ANN) == (end["hold"], end["who"])


def test_a_socket_mode_connection_is_told_when_it_is_lost_and_when_it_stands_again(
    town: CliTown, tmp_path: Path
) -> None:
    with SlackSocket(town.slack) as slack:
        of_socket_mode = {"SLACK_APP_TOKEN": town.slack.state.app_token, "SLACK_SIGNING_SECRET": ""}
        serving = town.serve(tmp_path, LOG_FORMAT="json", **of_socket_mode)
        serving.says("socket_mode_connected")
        slack.drop()
        serving.says("(?s)socket_mode_lost.*socket_mode_connected")
        serving.terminate()

    told = [event for event in events(serving) if event.startswith("socket_mode")]

    assert ["socket_mode_connected", "socket_mode_lost", "socket_mode_connected"] == told


def test_an_indeterminate_call_and_a_correction_are_told_with_the_call(town: CliTown, tmp_path: Path) -> None:
    town.fincart.inject(Fault(FaultKind.SERVER_ERROR, applied=Applied.ALL, endpoint=Endpoint.CANCEL))
    serving = served(town, tmp_path)
    asked(town, ORDER, "Cancel 1 order")
    end, call = of(serving, "finished"), of(serving, "call_indeterminate")

    assert (end["request"], 1, 1) == (call["request"], call["attempt"], call["orders"])
    assert "WARNING" == call["level"]
