"""The demo: its story in the terminal, its files, and the page's server (its looks are tested in tests/browser)."""

import io
import json
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.sandbox.demo.audit import audit_verdict
from bot.sandbox.demo.fincart import ABOUT_ONE_ORDER, DemoFincart, Switch
from bot.sandbox.demo.guide import guide
from bot.sandbox.demo.orders import PENDING, demo_orders, sample_csv
from bot.sandbox.demo.people import ANN, BEN, DEE, FINANCE, ORDERS
from bot.sandbox.demo.store import DATABASE, FolderInUse
from bot.sandbox.demo.world import DemoWorld, now, open_world
from bot.sandbox.page.server import served
from bot.sandbox.page.snapshot import slack_part
from bot.sandbox.story import story
from bot.sandbox.story.chapters import tell_all
from bot.sandbox.story.teller import NotAsTold, StoryClock, Teller
from bot.sandbox.web.thread import WebThread

FIRST, SECOND = (order.id for order in demo_orders()[:2])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def page(world: DemoWorld) -> Iterator[httpx.Client]:
    with served(world) as url, httpx.Client(base_url=url, headers={"Origin": url.rstrip("/")}) as client:
        yield client


def ask(world: DemoWorld, why: str = "duplicate") -> None:
    world.slack.type_command(ANN, ORDERS, f"/cancel-orders {FIRST} {SECOND} because {why}")
    world.slack.wait_for(lambda: any(why in post.text for post in world.slack.ephemerals(ANN)))


def confirm(world: DemoWorld) -> None:
    preview = next(post for post in world.slack.ephemerals(ANN) if "Cancel 2 orders?" in post.text)
    world.slack.click(ANN, preview, "Cancel 2 orders")
    world.slack.wait_for(lambda: any("2 cancelled" in post.text for post in world.slack.messages(ORDERS)))


# The story


@pytest.fixture(scope="module")
def told() -> str:
    out = io.StringIO()
    assert 0 == story.tell_story(out)
    return out.getvalue()


def test_the_readme_s_transcript_is_the_story_word_for_word(told: str) -> None:
    def plain(line: str) -> str:
        return re.sub(r"R-\w{6}|\d{4}-\d\d-\d\d \d\d:\d\d|audit .*", "#", line.strip()).rstrip(" ·#")

    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    transcript = re.findall(r"^(?:only ann  |sees       |#orders    |           )  (\S.*)", readme, re.MULTILINE)
    # How many logs have been read when the message is first seen differs from one telling to the next.
    shown = [plain(line) for line in transcript if not line.startswith("Fincart's log confirms")]

    assert 10 < len(shown)
    assert [] == [line for line in shown if line not in {plain(each.removeprefix("  │ ")) for each in told.split("\n")}]


def test_the_story_ends_with_a_verified_record(told: str) -> None:
    assert "Verified: " in told


def test_the_story_says_where_it_does_not_go_as_told(world: DemoWorld) -> None:
    world.fincart.turn(Switch.TOKEN_REJECTED, True)

    with pytest.raises(NotAsTold, match="2 cancelled"):
        tell_all(Teller(world, StoryClock(), io.StringIO(), patience=1.0))


def test_the_command_line_ends_with_one_where_the_folder_is_in_use(world: DemoWorld) -> None:
    assert 1 == story.main(["--folder", str(world.folder), "--no-browser"])


def test_the_command_line_says_in_words_that_the_port_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert 1 == story.main(["--folder", str(tmp_path), "--no-browser", "--port", str(port)])
    assert "Choose another --folder or --port." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["workspace.json", "cancel-orders.db"])
def test_the_command_line_says_how_to_begin_anew_where_the_files_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with open_world(tmp_path):
        pass
    (tmp_path / name).write_text('{"of": "another version"}')

    assert 1 == story.main(["--folder", str(tmp_path), "--no-browser"])
    assert "Begin anew with --fresh." in capsys.readouterr().err


def test_a_row_that_was_changed_behind_the_history_shows_on_the_page(world: DemoWorld) -> None:
    ask(world)
    confirm(world)
    assert audit_verdict(world.bot.context.database).holds
    with sqlite3.connect(world.folder / DATABASE) as behind:
        behind.execute("UPDATE order_line SET outcome = 'rejected' WHERE position = 0")

    assert not audit_verdict(world.bot.context.database).holds


# Its files


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    with open_world(tmp_path) as first:
        ask(first)
        confirm(first)
        seen = [post.text for post in first.slack.messages(ORDERS)]

    with open_world(tmp_path) as second:
        assert seen == [post.text for post in second.slack.messages(ORDERS)]
        assert "Cancelled" == second.fincart.status(FIRST)
        assert audit_verdict(second.bot.context.database).words.startswith("6 events")


def test_a_preview_of_before_the_restart_can_still_be_confirmed(tmp_path: Path) -> None:
    with open_world(tmp_path) as first:
        ask(first)

    with open_world(tmp_path) as second:
        confirm(second)

        assert "Cancelled" == second.fincart.status(SECOND)


def test_fresh_forgets_what_was_there(tmp_path: Path) -> None:
    with open_world(tmp_path) as first:
        ask(first)

    with open_world(tmp_path, fresh=True) as second:
        assert [] == second.slack.ephemerals(ANN)
        assert "nothing has been recorded yet" == audit_verdict(second.bot.context.database).words


def test_fresh_leaves_other_files_in_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with open_world(tmp_path, fresh=True):
        pass

    assert "mine" == (tmp_path / "notes.txt").read_text()


def test_two_demos_do_not_share_a_folder(world: DemoWorld) -> None:
    with pytest.raises(FolderInUse), open_world(world.folder):
        pass


def test_what_happens_on_the_page_is_on_disk_soon_after(world: DemoWorld, page: httpx.Client) -> None:
    act(page, "say", channel=ORDERS, text="good morning")
    saved = world.folder / "workspace.json"
    ends = time.monotonic() + 5
    while "good morning" not in saved.read_text() and time.monotonic() < ends:
        threading.Event().wait(0.02)

    assert "good morning" in saved.read_text()


def test_the_orders_are_believable_and_all_different() -> None:
    ids = {order.id for order in demo_orders()}

    assert len(demo_orders()) == len(ids)
    assert {24} == {len(order_id) for order_id in ids}
    assert PENDING == sum(order.title == "Pending" for order in demo_orders())


def test_the_sample_file_holds_pending_orders() -> None:
    pending = [order.id for order in demo_orders() if order.title == "Pending"]

    assert 5 == sum(order_id in sample_csv().decode() for order_id in pending)


# The switches


@pytest.mark.parametrize("switch", Switch)
def test_a_switch_goes_on_and_off(switch: Switch) -> None:
    fincart = DemoFincart(now)
    fincart.settle_in()
    order = FIRST if switch in ABOUT_ONE_ORDER else ""

    fincart.turn(switch, True, order)
    on = fincart.switches()
    fincart.turn(switch, False)

    assert {switch: order} == on
    assert {} == fincart.switches()


@pytest.mark.parametrize("switch", sorted(ABOUT_ONE_ORDER))
def test_a_switch_about_one_order_wants_an_order_that_is_there(switch: Switch) -> None:
    with pytest.raises(ValueError, match="there is no order"):
        DemoFincart(now).turn(switch, True, "nowhere")


# The page's server


def act(page: httpx.Client, name: str, person: str = ANN, **more: object) -> httpx.Response:
    return page.post("/api/act", json={"person": person, "act": name, **more})


def test_the_page_answers_under_its_own_address(page: httpx.Client) -> None:
    answer = page.get("/")

    assert 200 == answer.status_code
    assert "It is not Slack" in answer.text


def test_the_page_runs_no_script_but_its_own(page: httpx.Client) -> None:
    policy = page.get("/").headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "0.0.0.0"])
def test_a_name_of_the_web_that_points_here_gets_nothing(page: httpx.Client, host: str) -> None:
    assert 403 == page.get("/", headers={"Host": host}).status_code


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null", ""])
def test_another_page_can_do_nothing_here(world: DemoWorld, page: httpx.Client, origin: str) -> None:
    wanted = {"person": ANN, "act": "say", "channel": ORDERS, "text": "hello"}

    answer = page.post("/api/act", json=wanted, headers={"Origin": origin})

    assert 403 == answer.status_code
    assert [] == world.slack.messages(ORDERS)


def test_a_form_posted_to_the_page_does_nothing(page: httpx.Client) -> None:
    assert 409 == page.post("/api/act", data={"person": ANN, "act": "say"}).status_code


@pytest.mark.parametrize(
    "wanted",
    [
        {"act": "fly"},
        {"act": "say", "channel": ORDERS, "text": " "},
        {"act": "say", "channel": ORDERS, "text": "/remind me"},
        {"act": "say", "channel": "C0NOWHERE", "text": "/cancel-orders help"},
        {"act": "click", "ts": "1.2", "action": "go_ahead"},
        {"act": "submit", "view": "V1"},
        {"act": "switch", "switch": "sideways", "on": True},
        {},
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(page: httpx.Client, wanted: dict[str, object]) -> None:
    answer = page.post("/api/act", json={"person": ANN, **wanted})

    assert 409 == answer.status_code
    assert answer.json()["error"]


def test_nobody_acts_as_somebody_who_is_not_there(page: httpx.Client) -> None:
    assert 409 == act(page, "say", person="U0NOBODY", channel=ORDERS, text="hello").status_code


def test_a_private_message_is_sent_to_its_reader_alone(world: DemoWorld) -> None:
    ask(world, "a private matter")

    assert "a private matter" in json.dumps(slack_part(world.slack, ANN))
    assert "a private matter" not in json.dumps(slack_part(world.slack, BEN))


def test_a_private_channel_is_shown_to_its_members_alone(world: DemoWorld) -> None:
    shown = {person: {each["id"] for each in slack_part(world.slack, person)["channels"]} for person in (ANN, DEE)}

    assert FINANCE in shown[ANN]
    assert FINANCE not in shown[DEE]


def test_the_page_is_told_every_part_at_first_and_then_what_changes(world: DemoWorld, page: httpx.Client) -> None:
    parts: list[str] = []
    with page.stream("GET", "/api/events", params={"person": ANN}) as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                parts.append(line.removeprefix("event: "))
            if len(parts) == 4 and line == ": still here":
                world.slack.say(BEN, ORDERS, "good morning")
            if len(parts) == 5:
                break

    assert ["slack", "fincart", "audit", "guide", "slack"] == parts


def test_steps_of_the_guide_are_ticked_off_when_they_have_happened(world: DemoWorld) -> None:
    before = ticked(world)
    ask(world)
    asked = ticked(world)
    confirm(world)

    assert (set(), {"ask"}, {"ask", "confirm"}) == (before, asked, ticked(world))


def ticked(world: DemoWorld) -> set[object]:
    return {step["id"] for step in guide(world) if step["done"]}


def test_a_taken_port_is_an_error_and_no_other_port(world: DemoWorld) -> None:
    with served(world) as url, pytest.raises(OSError, match="in use"):
        WebThread(Starlette(), httpx.URL(url).port or 0)
