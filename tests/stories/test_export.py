"""Export: what history would list, as a file that only whoever asked gets, and that no spreadsheet runs."""

import csv
import io
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import ANN, BO, CY, FIRST, ORDERS, SECOND, THIRD, StartWorld, World, request_id

from bot.messages.request_form import FILE_BLOCK
from bot.reports.csv_text import cell, lines
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind


def exported(world: World, person: str, text: str) -> list[dict[str, str]]:
    """The rows of the file that this person is sent."""
    before = len(_told(world, person))
    world.type(person, text)
    world.slack.wait_for(lambda: len(_told(world, person)) > before)
    file = list(world.slack.state.files.values())[-1]
    content = b64decode(file.content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def _told(world: World, person: str) -> list[str]:
    return [post.text for post in world.slack.ephemerals(person) if "The export was sent to you" in post.text]


def test_there_is_a_row_for_each_order_with_who_asked_and_what_came_of_it(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    rows = exported(world, BO, "export")

    assert [FIRST, SECOND] == [row["order_id"] for row in rows]
    assert {"cancelled"} == {row["outcome"] for row in rows}
    assert (request_id(end), ANN, ORDERS, "duplicate", "finished") == tuple(
        rows[0][name] for name in ("request", "requester", "channel", "reason", "state")
    )


def test_it_is_sent_to_whoever_asked_and_to_nobody_else(world: World) -> None:
    world.cancelled()
    exported(world, BO, "export")

    assert any(post.files for post in world.slack.dms(BO))
    assert not any(post.files for post in [*world.slack.messages(ORDERS), *world.slack.dms(ANN)])


def test_the_filters_are_those_of_history(world: World) -> None:
    world.cancelled(ANN, FIRST)
    world.cancelled(BO, f"{SECOND} {THIRD}")
    of_ann = exported(world, ANN, "export @ann")
    of_an_order = exported(world, ANN, f"export {THIRD}")

    assert [FIRST] == [row["order_id"] for row in of_ann]
    assert [THIRD] == [row["order_id"] for row in of_an_order]


def test_an_order_is_exported_by_the_number_that_stood_beside_it_in_its_file(world: World) -> None:
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    file = world.slack.add_file(ANN, "orders.csv", f"order_id,ref\n{FIRST},#1001\n{SECOND},#1002\n".encode())
    world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))
    rows = exported(world, ANN, "export #1001")

    assert [(FIRST, "#1001")] == [(row["order_id"], row["label"]) for row in rows]


def test_refused_requests_are_in_it(world: World) -> None:
    refused = world.answer(CY, FIRST)
    rows = exported(world, ANN, "export status:refused")

    assert [(request_id(refused), "refused", CY)] == [(row["request"], row["state"], row["requester"]) for row in rows]


def test_a_reason_that_a_spreadsheet_would_run_is_made_harmless(world: World) -> None:
    world.cancelled(ANN, f"{FIRST} because =HYPERLINK(A1)")

    assert "'=HYPERLINK(A1)" == exported(world, ANN, "export")[0]["reason"]


def test_it_is_not_for_everybody(world: World) -> None:
    assert "Refused: you are not among those who may read the history" in world.answer(CY, "export").text


def test_a_wrong_filter_is_told_like_one_of_history(world: World) -> None:
    assert "That was not understood" in world.answer(ANN, "export status:done").text


@pytest.mark.parametrize("scope", ["files:write", "im:write"])
def test_where_a_scope_is_missing_it_says_which_and_whom_to_ask(start_world: StartWorld, scope: str) -> None:
    world = start_world(CONTACT="the night desk")
    world.slack.state.scopes.remove(scope)
    answer = world.answer(ANN, "export")

    assert "The export could not be sent" in answer.text
    assert scope in answer.text
    assert "the night desk" in answer.text
    assert "in a minute" not in answer.text


def test_where_slack_does_not_name_the_scope_the_answer_does(world: World) -> None:
    world.slack.fail("files.getUploadURLExternal", SlackFault(SlackFaultKind.ERROR, error="missing_scope"))
    answer = world.answer(ANN, "export")

    assert "to give the Slack app the scope files:write, im:write and install it again" in answer.text
    assert "in a minute" not in answer.text


def test_the_log_says_what_to_do_about_a_missing_scope(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.slack.state.scopes.remove("files:write")
    world.answer(ANN, "export")

    assert "the app lacks the scope files:write; add it under OAuth & Permissions and install the app again" in (
        caplog.text
    )


def test_where_slack_does_not_take_the_file_it_says_so(world: World) -> None:
    world.slack.fail(
        "files.completeUploadExternal", SlackFault(SlackFaultKind.ERROR, error="posting_to_channel_denied")
    )
    answer = world.answer(ANN, "export")

    assert "The export could not be sent" in answer.text
    assert "posting_to_channel_denied" in answer.text


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_formulas_are_neutralised(typed: str) -> None:
    assert f"'{typed}" == cell(typed)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_every_row_reads_back_as_one_row_and_no_cell_is_a_formula(typed: list[str]) -> None:
    written = "".join(lines(["name"] * len(typed), [typed]))
    read = list(csv.reader(io.StringIO(written, newline="")))

    assert 2 == len(read)
    assert len(typed) == len(read[1])
    assert not any(value[:1] in tuple("=+-@\t\r") for value in read[1] if value)
