"""Reports: the figures of a period from the channel, for whoever may read the history."""

import csv
import io
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from approvals import two_person_world, waiting
from simulation.recount import mismatches
from world import ANN, BO, CY, FIRST, ORDERS, RETURNS, SECOND, THIRD, Clock, StartWorld, World, go_ahead, request_id

from bot.messages.words import NO_REASON
from bot.sandbox.slack.state import Post
from storage.db.transactions import Database

DAY = 86_400


@pytest.fixture(autouse=True)
def _every_figure_is_what_the_events_tell(start_world: StartWorld, database_url: str) -> Iterator[None]:
    yield
    database = Database(database_url)
    with database.read() as session:
        if not database.is_sqlite:
            # The world goes on meanwhile.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        wrong = list(mismatches(session, (UTC, ZoneInfo("America/Los_Angeles"))))
    database.close()

    assert [] == wrong


def cells(post: Post) -> dict[str, list[str]]:
    """The rows of the table that a report shows, by their first cell."""
    table = next(block for block in post.blocks if block["type"] == "table")
    rows = [[_said(cell) for cell in row] for row in table["rows"]]
    return {first: others for first, *others in rows}


def _said(cell: dict[str, Any]) -> str:
    if cell["type"] == "raw_text":
        return str(cell["text"])
    (element,) = cell["elements"][0]["elements"]
    return str(element.get("user_id") or element.get("channel_id") or element.get("text"))


def kinds(post: Post) -> list[str]:
    return [block["type"] for block in post.blocks]


def taken(world: World, person: str, shown: Post) -> str:
    """The file that a press on CSV brings."""
    world.click(person, shown, "CSV")
    world.slack.wait_for(lambda: any("The export was sent to you" in text for text in world.answers()))
    (file,) = world.slack.state.files.values()
    return b64decode(file.content).decode("utf-8-sig")


def told(world: World) -> None:
    """Three requests: one went well, one partly, one was refused."""
    world.fincart.move(THIRD, "Processing")
    world.cancelled(ANN, f"{FIRST} because duplicate")
    world.cancelled(BO, f"{SECOND} {THIRD} because wrong size")
    world.answer(CY, f"{FIRST} because duplicate")


def test_a_report_says_what_was_asked_for_and_what_came_of_it(world: World) -> None:
    told(world)
    shown = world.answer(BO, "report")
    figures = cells(shown)

    assert shown.text.startswith("4 orders in 3 requests, ")
    assert "2 cancelled · 1 rejected" in shown.text.splitlines()[0]
    assert (["3"], ["4"]) == (figures["Requests"], figures["Orders"])
    assert (["2"], ["1"]) == (figures["Cancelled"], figures["Rejected"])
    assert (["0"], ["0"]) == (figures["Not sent"], figures["Unknown"])
    assert (["1"], ["0"]) == (figures["Requests refused"], figures["Requests expired"])
    assert "Most frequent reasons: duplicate 2 · wrong size 1" in shown.text
    assert f"Who asked most: <@{BO}> 1" in shown.text


def test_its_text_says_every_figure_of_its_table(world: World) -> None:
    told(world)
    shown = world.answer(ANN, "report")

    for name, (value,) in cells(shown).items():
        assert f"{name}: {value}" in shown.text.splitlines()


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("reason", {"Reason": ["Requests", "Orders", "Cancelled", "Rejected", "Not sent", "Unknown"],
                    "duplicate": ["2", "2", "1", "0", "0", "0"], "wrong size": ["1", "2", "1", "1", "0", "0"]}),
        ("person", {"Asked by": ["Requests", "Orders", "Cancelled", "Rejected", "Not sent", "Unknown"],
                    ANN: ["1", "1", "1", "0", "0", "0"], BO: ["1", "2", "1", "1", "0", "0"],
                    CY: ["1", "1", "0", "0", "0", "0"]}),
        ("channel", {"Channel": ["Requests", "Orders", "Cancelled", "Rejected", "Not sent", "Unknown"],
                     ORDERS: ["3", "4", "2", "1", "0", "0"]}),
        ("outcome", {"Outcome": ["Requests", "Orders"], "Cancelled": ["2", "2"], "Rejected": ["1", "1"],
                     "Not sent": ["0", "0"], "Unknown": ["0", "0"]}),
    ],
)  # fmt: skip
def test_its_figures_can_be_grouped(world: World, by: str, rows: dict[str, list[str]]) -> None:
    told(world)

    assert rows == cells(world.answer(ANN, f"report by:{by}"))


def test_the_days_of_a_report_are_its_readers_own_and_the_last_seven(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    world.slack.add_person("U0000008", "eve", tz="Pacific/Kiritimati", tz_offset=14 * 3600)
    world.restart(ALLOWED_USERS=f"{ANN},{BO}", AUDITOR_USERS="U0000008")
    clock.advance((DAY - clock().hour * 3600 - clock().minute * 60 + 12 * 3600) % DAY)  # 12:00 UTC, 02:00 the next day
    world.preview(ANN, FIRST)
    there = world.answer("U0000008", "report by:day")
    here = world.answer(ANN, "report by:day")
    of_there, of_here = list(cells(there)), list(cells(here))
    today = f"{clock().date()}"

    assert 8 == len(of_there) == len(of_here)
    assert today == of_here[-1] == of_there[-2]
    assert "1" == cells(here)[of_here[-1]][0] == cells(there)[of_there[-1]][0]
    assert "Days and times are those of Pacific/Kiritimati." in there.text


def test_what_was_asked_before_the_period_is_not_in_it(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock, REQUEST_TTL_SECONDS=str(7 * DAY))
    world.preview(ANN, f"{FIRST} because duplicate")
    world.pass_time(6 * DAY)
    within = world.answer(BO, "report")
    world.pass_time(DAY)
    after = world.answer(BO, "report")

    assert within.text.startswith("1 order in 1 request, ")
    assert after.text.startswith("No requests, ")
    assert "Nothing was asked in that time" in after.text
    assert [] == after.buttons()
    assert world.answer(BO, "report since:8d").text.startswith("1 order in 1 request, ")


def test_the_filters_are_those_of_history(world: World) -> None:
    told(world)
    shown = world.answer(ANN, "report @bo status:finished")

    assert (["1"], ["2"]) == (cells(shown)["Requests"], cells(shown)["Orders"])
    assert f"Searched: requests of or decided by <@{BO}>, status finished." in shown.text


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("report by:nonsense", "Use one of: by:reason, by:person, by:day, by:outcome, by:channel."),
        ("report by:persn", "Did you mean by:person?"),
        ("report by:", "Nothing follows by:. Use one of: by:reason,"),
        ("report by day", "Nothing follows by:. Use one of: by:reason,"),
        ("report by:day by:reason", "by is given twice, and only one fits. Leave one of them out."),
        ("report bye:day", "Did you mean by:?"),
        ("report stat:finished", "Did you mean status:?"),
        ("report since:2026-11-24 until:2026-11-01", "since:2026-11-24 comes after until:2026-11-01."),
        ("report since:today until:2026-11-01", "since:today comes after until:2026-11-01. Type the earlier day"),
        ("report since:2999-01-01", "since:2999-01-01 comes after until:today. Type the earlier day after since:."),
        ("history since:yesterday until:2026-11-01", "since:yesterday comes after until:2026-11-01."),
        ("export since:yesterday until:2026-11-01", "since:yesterday comes after until:2026-11-01."),
        ("report bye:day", "Did you mean by:? Use @person, an order id, or one of: status:, outcome:, reason:,"),
        ("report colour:red", "reason:, text:, since:, until:, by:"),
        ("report 7d", "Did you mean since:7d?"),
        ("history by:day", "Type: /cancel-orders report by:reason"),
        ("reprot", "Did you mean: /cancel-orders report"),
    ],
)
def test_what_cannot_be_a_report_is_answered_with_the_fix(world: World, typed: str, fix: str) -> None:
    before = len(world.answers())
    world.type(ANN, typed)
    found = world.until(lambda: [*world.answers()[before:], *(post.text for post in world.slack.ephemerals(ANN))])

    assert any(fix in text for text in found)


def test_whoever_may_not_read_the_history_gets_no_report(world: World) -> None:
    assert world.answer(CY, "report").text.startswith("Refused: ")


def test_a_report_is_shared_in_the_channel_without_its_buttons(world: World) -> None:
    told(world)
    shown = world.answer(BO, "report by:reason")
    world.click(BO, shown, "Share in channel")
    shared = world.slack.wait_for(lambda: [post for post in world.slack.messages(ORDERS) if "Shared by" in post.text])

    assert f"Shared by <@{BO}>." in shared[0].text
    assert cells(shown) == cells(shared[0])
    assert [] == shared[0].buttons()


def test_nobody_shares_or_takes_the_report_of_somebody_else(world: World) -> None:
    told(world)
    shown = world.answer(BO, "report")
    world.forge(ANN, shown, "Share in channel")
    world.forge(ANN, shown, "CSV")
    world.slack.wait_for(lambda: 2 == sum("Nothing was done." in text for text in world.answers()))

    assert not [post for post in world.slack.messages(ORDERS) if "Shared by" in post.text]
    assert not world.slack.state.files


def test_the_same_figures_come_as_a_file(world: World) -> None:
    told(world)
    shown = world.answer(BO, "report by:reason since:today")
    rows = list(csv.DictReader(io.StringIO(taken(world, BO, shown))))

    assert "A CSV file with 3 rows of figures is in your direct message" in world.answers()[-1]
    assert [("all", ""), ("reason", "duplicate"), ("reason", "wrong size")] == [(r["by"], r["name"]) for r in rows]
    assert ["3", "2", "1"] == [row["requests"] for row in rows]
    assert ["2", "1", "1"] == [row["cancelled"] for row in rows]
    assert ("1", "0", "0") == tuple(rows[0][name] for name in ("refused", "expired", "corrected_later"))
    assert any(post.files for post in world.slack.dms(BO))


def test_a_reason_that_a_spreadsheet_would_run_is_harmless_in_the_file(world: World) -> None:
    world.cancelled(ANN, f"{FIRST} because =1+1")
    shown = world.answer(ANN, "report by:reason")

    assert "reason,'=1+1,1" in taken(world, ANN, shown)


def test_how_long_approvals_waited_is_told(start_world: StartWorld) -> None:
    clock = Clock()
    world = two_person_world(start_world, clock)
    for waited, order in ((60, FIRST), (3700, SECOND)):
        shown = waiting(world, ANN, f"{order} because duplicate")
        world.pass_time(waited)
        world.press(BO, shown, "Approve: cancel 1 order")
        world.ended(request_id(shown))
    waiting(world, ANN, f"{THIRD} because duplicate")
    figures = cells(world.answer(BO, "report"))

    assert ["2"] == figures["Requests that others approved"]
    assert figures["Wait for approval, longest"][0].startswith("1 h 1 min")
    assert figures["Wait for approval, median"][0].startswith("31 min 20 s"[:6])


def test_an_approval_that_let_nothing_run_is_none(start_world: StartWorld) -> None:
    world = two_person_world(start_world, APPROVALS_NEEDED="2", APPROVER_USERS=f"{ANN},{BO},{CY}")
    shown = waiting(world)
    world.press(BO, shown, "Approve: cancel 2 orders")
    figures = cells(world.answer(BO, "report"))

    assert ["0"] == figures["Requests that others approved"]
    assert "Wait for approval, median" not in figures


def test_a_reason_of_the_list_counts_however_it_was_spelled_and_added_to(start_world: StartWorld) -> None:
    world = start_world(REASONS="Duplicate, out of stock")
    for person, why in ((ANN, "duplicate: sent twice"), (BO, "DUPLICATE."), (ANN, "out of stock"), (BO, "Fire!")):
        world.preview(person, f"{FIRST} because {why}")
    world.preview(BO, f"{FIRST} because fire")
    world.preview(ANN, FIRST)
    shown = world.answer(ANN, "report by:reason")

    assert ["2"] == [cells(shown)["Duplicate"][0]]
    assert {"Reason", "Duplicate", "fire", NO_REASON, "out of stock"} == set(cells(shown))


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        ((), {"header", "data_visualization", "table", "rich_text", "actions", "context"}),
        (("data_visualization",), {"header", "table", "rich_text", "actions", "context"}),
        (("data_visualization", "table"), set()),
        (("table",), set()),
    ],
    ids=["none", "charts", "charts and tables", "tables"],
)
def test_where_slack_refuses_a_chart_or_a_table_the_next_plainer_form_is_shown(
    world: World, refused: tuple[str, ...], left: set[str]
) -> None:
    told(world)
    whole = world.answer(ANN, "report").text
    world.slack.state.refused_blocks[:] = refused
    shown = world.answer(ANN, "report")

    buttons = "\n[Share in channel] [CSV]"
    assert buttons in whole
    assert left == set(kinds(shown))
    assert (whole if left else whole.replace(buttons, "")) == shown.text


def test_a_report_of_what_others_asked_elsewhere_names_the_channels(world: World) -> None:
    shown = world.answer(BO, f"{SECOND} because duplicate", channel=RETURNS)
    world.click(BO, shown, go_ahead(shown))
    world.preview(ANN, FIRST)

    assert {"Channel", ORDERS, RETURNS} == set(cells(world.answer(ANN, "report by:channel")))
