"""What a stored delivery holds is read as it was written, also by the version before this one."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import ANN, FIRST, ORDERS, SECOND, World

from bot.deliveries.payloads import (
    BlockAction,
    CommandTyped,
    ConfirmFormOpened,
    ExportAsked,
    FileGiven,
    HomeOpened,
    Payload,
    RequestFormOpened,
    RequestFormSubmitted,
    read_draft,
    read_payload,
)
from bot.domain.commands.parser import Export, parse
from bot.messages.actions import Action
from storage import deliveries
from storage.deliveries import Incoming
from storage.enums import Origin
from storage.slack_models import Delivery

FROM = {"user": ANN, "team": "T1", "channel": ORDERS}
PRESS = {**FROM, "action": Action.APPROVE, "value": "R-7K3F9Q:2", "typed_number": 1_000, "words": "checked each"}
FILE = FileGiven(id="F1", name="a.csv", size=9, url=None)
FORM = {**FROM, "origin": Origin.SHORTCUT}
TYPED = (
    f"{FIRST} {SECOND} because sent twice",
    f"preview {FIRST}",
    "history",
    "history <@U0000009> status:finished outcome:unknown text:fire since:7d until:2026-11-01",
    f"history {FIRST}",
    "history reason:duplicate",
    "show R-7K3F9Q",
    "waiting",
    "report",
    "report <@U0000009> by:person since:7d",
    "pause because Fincart is being moved",
    "resume",
)

payloads = st.sampled_from(
    (
        *(CommandTyped.model_validate(FROM | {"command": parse(text)}) for text in TYPED),
        ExportAsked.model_validate(FROM | {"command": parse("export since:yesterday")}),
        BlockAction.model_validate(PRESS),
        ConfirmFormOpened.model_validate(PRESS),
        HomeOpened(user=ANN),
        RequestFormOpened.model_validate(FORM),
        RequestFormSubmitted.model_validate({**FORM, "ids": FIRST, "reason": None, "file": None}),
        RequestFormSubmitted.model_validate({**FORM, "ids": "", "reason": "x", "file": FILE}),
        RequestFormSubmitted.model_validate({**FORM, "ids": "", "reason": "x y", "file": FILE, "reason_listed": "x"}),
    )
)


def stored(incoming: Incoming) -> Delivery:
    return row(incoming.kind, incoming.payload)


def row(kind: str, payload: str) -> Delivery:
    return Delivery(id="1", kind=kind, payload=payload, received_at=datetime.now(UTC))


@given(payload=payloads)
def test_a_delivery_is_read_as_it_was_stored(payload: Payload) -> None:
    assert payload == read_payload(stored(payload.incoming(("1",))))


def test_every_kind_of_delivery_is_among_them() -> None:
    kinds = {each.kind for each in get_args(Payload)}

    assert len(get_args(Payload)) == len(kinds)


@pytest.mark.parametrize("text", TYPED)
def test_a_command_that_the_version_before_stored_as_text_is_read(text: str) -> None:
    before = row("command", json.dumps({**FROM, "text": text}))

    assert CommandTyped.model_validate(FROM | {"command": parse(text)}) == read_payload(before)


def test_a_form_and_a_search_that_the_version_before_stored_know_no_list() -> None:
    form = read_payload(row("form", json.dumps({**FORM, "ids": FIRST, "reason": "duplicate", "file": None})))
    search = CommandTyped.model_validate(FROM | {"command": parse("history text:fire")})
    says = json.loads(search.model_dump_json())
    del says["command"]["says"]["reason"]

    assert isinstance(form, RequestFormSubmitted)
    assert form.reason_listed is None
    assert search == read_payload(row("command", json.dumps(says)))


def test_an_export_that_the_version_before_stored_as_text_is_read() -> None:
    before = row("export", json.dumps({**FROM, "text": "export since:7d"}))
    read = read_payload(before)

    assert isinstance(read, ExportAsked)
    assert isinstance(read.command, Export)


@pytest.mark.parametrize("text", ["help", "", "hsitory", "cancel everything"])
def test_a_stored_text_that_is_no_command_to_wait_for_is_an_error_that_does_not_quote_it(text: str) -> None:
    before = row("command", json.dumps({**FROM, "text": text}))

    with pytest.raises(ValueError, match="CommandTyped") as told:
        read_payload(before)

    assert not text or text not in str(told.value)


def test_a_draft_is_read_by_whoever_it_belongs_to_alone() -> None:
    draft = RequestFormOpened.model_validate(FORM)
    kept = stored(draft.incoming(("1",)))

    assert draft == read_draft(RequestFormOpened, kept, ANN)
    assert "W0000001" == getattr(read_draft(RequestFormOpened, kept, "W0000001"), "user", None)
    assert read_draft(RequestFormOpened, kept, "U0000099") is None
    assert read_draft(ConfirmFormOpened, kept, ANN) is None


def test_a_command_that_the_version_before_kept_is_answered(world: World) -> None:
    kept = Incoming("command", ("trigger", ANN), json.dumps({**FROM, "text": f"{FIRST} because duplicate"}))
    shown = world.told(ANN, lambda: deliveries.keep(world.bot.context.database, kept))

    assert "1 order" in shown.text


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("command", {"text": "cancel everything"}),
        ("command", {"text": f"{FIRST} because of\x07 a bell"}),
        ("command", {"command": {"name": "gone", "says": {}}}),
        ("export", {"text": "export nonsense:1"}),
        ("form", {"ids": 1}),
    ],
)
def test_whoever_sent_what_the_version_before_kept_and_this_one_cannot_read_is_told_to_type_it_again(
    world: World, kind: str, says: dict[str, object]
) -> None:
    kept = Incoming(kind, ("trigger", ANN), json.dumps({**FROM, **says}))
    told = world.told(ANN, lambda: deliveries.keep(world.bot.context.database, kept))

    assert "Nothing was done." in told.text
    assert "Type it again, or open the form again: /cancel-orders" in told.text
    assert () == world.fincart.cancel_calls


def test_whoever_pressed_a_button_that_the_version_before_kept_is_told_where_its_like_are(world: World) -> None:
    kept = Incoming("click", ("trigger", ANN), json.dumps({**FROM, "action": "gone", "value": "R-2B2B2B:1"}))
    told = world.told(ANN, lambda: deliveries.keep(world.bot.context.database, kept))

    assert "This button is too old. Nothing was done." in told.text
