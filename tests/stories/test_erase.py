"""`erase`: what people typed is removed everywhere, and the history holds."""

import logging
from pathlib import Path

import pytest
from approvals import becomes, two_person_world, waiting
from cli_runs import CommandLine
from sqlalchemy import create_engine, inspect
from world import ANN, BO, FIRST, SECOND, THIRD, StartWorld, World, of_owner, request_id

from bot.messages.request_form import FILE_BLOCK, IDS_BLOCK, REASON_BLOCK
from bot.sandbox.slack.state import Post

REASON, LABEL, PHONE, NAME = "Mrs Quillfeather rang", "Label-Zyx-77", "01009998877", "quillfeather-orders.csv"
NOT_THERE = "6877b613a665f49134efffff"
TYPED = (REASON, LABEL, PHONE, NAME, "Quillfeather")


def everywhere(world: World) -> str:
    """All that the database has, and on SQLite all bytes of its files."""
    engine = create_engine(world.database_url)
    rows = [str(row) for name in inspect(engine).get_table_names() for row in world.rows(f'SELECT * FROM "{name}"')]
    engine.dispose()
    if world.is_sqlite:
        path = Path(world.database_file)
        rows += [file.read_bytes().decode("utf-8", "replace") for file in path.parent.glob(f"{path.name}*")]
    return "\n".join(rows)


def found(world: World, *texts: str) -> list[str]:
    return [text for text in texts if text in everywhere(world)]


def asked_with_a_file(world: World) -> Post:
    """A request of everything that a person may type, done."""
    world.answer(ANN, f"preview {FIRST} because {REASON}")
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    rows = f"order_id,ref\n{FIRST},{LABEL}\n{SECOND},#1002\n{PHONE},\n"
    typed = {FILE_BLOCK: [world.slack.add_file(ANN, NAME, rows.encode())], REASON_BLOCK: REASON, IDS_BLOCK: ""}
    preview = world.told(ANN, lambda: world.slack.submit(form, typed))
    world.click(ANN, preview, "Cancel 2 orders")
    return world.ended(request_id(preview))


def test_what_people_typed_is_gone_from_every_table_and_the_log_and_everything_verifies(
    world: World, command: CommandLine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", of_owner(world.database_url))
    caplog.set_level(logging.DEBUG)
    public_id = request_id(asked_with_a_file(world))
    world.until_all_is_shown()
    before = found(world, *TYPED)
    head = world.rows("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")[0]
    code, out, err = command("erase", public_id)
    live = becomes(world, public_id, "erased on")
    world.until_all_is_shown()
    event = world.audit(public_id)[-1]
    verified = command("audit", "verify", "--head", f"{head[0]}:{head[1]}")
    again = command("erase", public_id)

    assert [*TYPED] == before
    assert (0, "", True) == (code, err, f"{public_id}: 6 texts of people erased." in out)
    assert [] == found(world, *TYPED)
    assert "" == "".join(text for text in TYPED if text in caplog.text)
    assert REASON not in live.text
    assert FIRST in live.text
    assert "erased" == event["kind"]
    assert event["who"].startswith("operator:")
    assert 6 == event["details"]["erased"]
    assert 0 == verified[0]
    assert (0, True) == (again[0], f"{public_id} was erased on" in again[1])


def test_every_way_to_read_it_says_that_it_was_erased(
    start_world: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = start_world()
    monkeypatch.setenv("DATABASE_URL", of_owner(world.database_url))
    public_id = request_id(world.cancelled(ANN, f"{FIRST} {NOT_THERE} because {REASON}"))
    command("erase", public_id)
    retried = world.told(ANN, lambda: world.click(ANN, becomes(world, public_id, "erased on"), "Retry 1 order"))
    read = {
        "history": world.answer(ANN, "history").text,
        "show": world.answer(ANN, f"show {public_id}").text,
        "report": world.answer(ANN, "report by:reason").text,
        **{words: command("audit", *words.split())[1] for words in ("list", f"show {public_id}", "export")},
        "jsonl": command("audit", "export", "--format", "jsonl")[1],
    }

    assert "No reason given" in retried.text
    assert {} == {name: text for name, text in read.items() if "erased on" not in text or "Quillfeather" in text}


def test_a_request_that_goes_on_is_refused_and_a_comment_goes_with_its_request(
    start_world: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = two_person_world(start_world)
    monkeypatch.setenv("DATABASE_URL", of_owner(world.database_url))
    card = waiting(world, ANN, f"{FIRST} because {REASON}")
    refused = command("erase", request_id(card))
    world.click(BO, card, "Decline")
    form = world.slack.wait_for(lambda: world.slack.open_view(BO))
    assert form is not None
    world.slack.submit(form, {"words": "Not for Quillfeather again"})
    becomes(world, request_id(card), "Declined")
    world.until_all_is_shown()
    code, out, _ = command("erase", request_id(card))
    becomes(world, request_id(card), "erased on")

    assert (1, "", True) == (*refused[:2], "still goes on, it is waiting" in refused[2])
    assert (0, True) == (code, "2 texts of people erased" in out)
    assert [] == found(world, *TYPED)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_bots_role_cannot_erase_and_is_told_who_can(
    start_world: StartWorld, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = start_world()
    public_id = request_id(world.cancelled(ANN, f"{FIRST} because {REASON}"))
    monkeypatch.setenv("DATABASE_URL", world.database_url)
    told = "Nothing is erased: only the owner of the tables may. Give that role's DATABASE_URL.\n"

    assert (1, "", told) == command("erase", public_id)


@pytest.mark.long
def test_a_person_is_erased_with_their_pauses_and_what_came_to_nothing(
    world: World, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", of_owner(world.database_url))
    world.answer(ANN, f"pause because {REASON}")
    world.answer(ANN, "resume")
    world.cancelled(ANN, f"{FIRST} because {REASON}")
    world.cancelled(BO, f"{SECOND} because of others")
    world.answer(ANN, f"history text:{REASON.split()[1]}")
    world.preview(ANN, f"{THIRD} because {REASON}")
    world.until_all_is_shown()
    code, out, err = command("erase", "--person", ANN)
    world.click(ANN, world.private(ANN)[-1], "Keep them")
    world.until(lambda: "withdrawn" in world.kinds())
    world.until_all_is_shown()
    command("erase", "--person", ANN)
    verified = command("audit", "verify")

    assert (1, True) == (code, "Not erased, as they still go on: R-" in err)
    assert "1 request and 1 reason of pauses are erased" in out
    assert [] == found(world, *TYPED)
    assert ["of others"] == found(world, "of others")
    assert 0 == verified[0]
