"""`pause`, `resume`, `stop`: control from the command line, while the bot serves and Slack takes nothing."""

import pytest
from cli_runs import CommandLine
from world import ANN, BO, FIRST, SECOND, StartWorld, World, go_ahead, order_ids, request_id

from bot.cli.operator import operator
from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.state import Post
from storage import send_gate
from storage.enums import HoldKind

IDS = order_ids(3)


@pytest.fixture
def world(start_world: StartWorld, database_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A bot that serves, and a command line that works on its database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    world = start_world(FINCART_BATCH_SIZE="1", FINCART_MAX_CONCURRENCY="1", VERIFY_RESULTS="false")
    world.fincart.add(*IDS)
    return world


def begun(world: World) -> str:
    """A run of three calls, of which the first hangs."""
    world.fincart.inject(Fault(FaultKind.HANG, order_id=IDS[0], applied=Applied.ALL, endpoint=Endpoint.CANCEL))
    preview = world.preview(ANN, " ".join(IDS))
    world.click(ANN, preview, go_ahead(preview))
    assert world.fincart.wait_for(lambda fincart: bool(fincart.cancel_calls))
    return request_id(preview)


def becomes(world: World, public_id: str, words: str) -> Post:
    return world.slack.wait_for(lambda: [post for post in [world.live(public_id)] if post and words in post.text])[0]


def test_pause_keeps_a_run_from_sending_while_slack_takes_nothing_and_is_told_once_it_does(
    world: World, command: CommandLine
) -> None:
    public_id = begun(world)
    world.slack.fail("*", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    code, out, _ = command("pause", "--because", "wrong merchant")
    world.fincart.release()
    world.until(lambda: world.rows("SELECT 1 FROM request WHERE cancelled = 1"))
    statuses = world.statuses(*IDS[1:])
    world.slack.heal()
    shown = becomes(world, public_id, "All sending is paused")
    command("resume")
    world.ended(public_id)

    assert (0, "Paused: nothing is sent until somebody resumes. What is in flight is waited for.\n") == (code, out)
    assert ["Pending", "Pending"] == statuses
    assert f"by {operator()} (wrong merchant)" in shown.text
    assert ["Cancelled"] * 3 == world.statuses(*IDS)
    events = [event for event in world.audit() if event["kind"] in ("held", "hold_ended")]
    assert [("held", operator()), ("hold_ended", operator())] == [(event["kind"], event["who"]) for event in events]


def test_what_is_paused_already_stays_as_it_was(world: World, command: CommandLine) -> None:
    world.answer(BO, "pause because courier strike")
    code, out, _ = command("pause", "--because", "something else")

    assert 0 == code
    assert out.startswith(f"It was paused already, by {BO}, since ")
    assert [("courier strike",)] == world.rows("SELECT why FROM hold")


def test_resume_says_that_nothing_was_paused(world: World, command: CommandLine) -> None:
    assert (0, "Nothing was paused.\nSending goes on.\n", "") == command("resume")


def test_resume_says_which_holds_are_left_and_not_that_they_end(world: World, command: CommandLine) -> None:
    with world.bot.context.database.write() as transaction:
        send_gate.hold(transaction, HoldKind.SLACK, None, why="token_revoked")
    code, out, _ = command("resume")

    assert 0 == code
    assert out.splitlines()[1].startswith("Nothing is sent yet; still in force: slack since ")


def test_stop_ends_a_run_with_what_is_in_flight(world: World, command: CommandLine) -> None:
    public_id = begun(world)
    ended = command("stop", public_id.lower())
    again = command("stop", public_id)
    world.fincart.release()
    end = world.ended(public_id)

    assert (0, f"{public_id} is stopped: nothing more of it is sent. What is in flight is waited for.\n", "") == ended
    assert (0, f"{public_id} was stopped already, by {operator()}: stopped.\n", "") == again
    assert "1 cancelled · 2 not sent" in end.text
    assert operator() in end.text
    assert ["Cancelled", "Pending", "Pending"] == world.statuses(*IDS)
    assert [operator()] == [event["who"] for event in world.audit(public_id) if event["kind"] == "stopped"]


def test_stop_withdraws_what_nobody_has_confirmed_and_tells_its_requester(world: World, command: CommandLine) -> None:
    preview = world.preview(ANN, f"{FIRST} {SECOND}")
    public_id = request_id(preview)
    ended = command("stop", public_id)
    told = world.slack.wait_for(lambda: [post for post in world.private(ANN) if operator() in post.text])
    answer = world.press(ANN, preview, go_ahead(preview))

    assert (0, f"{public_id} is withdrawn: nothing of it was sent, and nothing will be.\n", "") == ended
    assert public_id in told[0].text
    assert "Nothing was sent" in answer.text
    assert ["Pending", "Pending"] == world.statuses(FIRST, SECOND)
    assert not world.fincart.cancel_calls


def test_stop_says_what_cannot_be_stopped(world: World, command: CommandLine) -> None:
    public_id = request_id(world.cancelled(ANN, FIRST))

    assert (1, "", f"{public_id} is finished: there is nothing to stop.\n") == command("stop", public_id)
    assert (1, "", "there is no request R-000000.\n") == command("stop", "R-000000")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stop", "6864fecda075914a1b1e353c"), "is not a request id like R-7K3F9Q"),
        (("pause", "--because", " "), "say why, or leave --because out"),
        (("pause", "--because", "x" * 1001), "Shorten it to 1,000 or fewer"),
        (("pause", "--because", "stri\x07ke"), "a character that cannot be seen and cannot be recorded (U+0007)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_fix(
    command: CommandLine, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(*arguments)

    assert 2 == ended.value.code
    assert says in capsys.readouterr().err
