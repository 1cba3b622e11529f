"""The form: opened by the bare command, filled in by hand or with a file, its mistakes shown beside its fields."""

from dataclasses import replace

import pytest
from world import ANN, BO, CY, FIRST, SECOND, StartWorld, World, order_ids, request_id

from bot.messages.request_form import FILE_BLOCK, IDS_BLOCK, REASON_BLOCK
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.state import Post, View
from storage.db.transactions import Database


def _form(world: World, person: str = ANN) -> View:
    world.type(person, "")
    opened = world.slack.wait_for(lambda: world.slack.open_view(person))
    assert opened is not None
    return opened


def _sent_file(world: World, content: bytes, name: str = "orders.csv") -> Post:
    """What is read after submitting the form with this file alone."""
    form = _form(world)
    file = world.slack.add_file(ANN, name, content)
    return world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))


def _errors(world: World, person: str = ANN) -> dict[str, str]:
    opened = world.slack.open_view(person)
    assert opened is not None
    return opened.errors


def test_ids_and_a_reason_become_a_preview(world: World) -> None:
    form = _form(world)
    typed = {IDS_BLOCK: f"{FIRST}\n{SECOND}", REASON_BLOCK: "duplicate"}
    preview = world.told(ANN, lambda: world.slack.submit(form, typed))
    world.click(ANN, preview, "Cancel 2 orders")
    end = world.ended(request_id(preview))

    assert world.slack.open_view(ANN) is None
    assert "Reason: duplicate" in preview.text
    assert "asked with the form by" in preview.text
    assert "2 cancelled" in end.text


def test_the_form_says_how_many_fit(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_REQUEST="77")

    assert "77 orders" in _form(world).rendered()


def test_a_csv_becomes_a_preview_that_says_which_column_was_read(world: World) -> None:
    preview = _sent_file(world, f"name,order_id,city\nLamp,{FIRST},Cairo\nSofa,{SECOND},Giza\n".encode())
    world.click(ANN, preview, "Cancel 2 orders")
    world.ended(request_id(preview))

    assert "Read from the file orders.csv" in preview.text
    assert "order_id" in preview.text
    assert [(FIRST, SECOND)] == [call.ids for call in world.fincart.cancel_calls]


@pytest.mark.parametrize(
    "content",
    [
        f"{FIRST}\n{SECOND}\n".encode(),
        f"order_id\n{FIRST}\n{SECOND}\n".encode("utf-8-sig"),
        f"order_id\n{FIRST}\n{SECOND}\n".encode("utf-16"),
        f"name;order_id\nLamp;{FIRST}\nSofa;{SECOND}\n".encode(),
        f'name,order_id\n"Lamp, red","{FIRST}"\n"Sofa",{SECOND}\n'.encode(),
        f"order_id\r\n{FIRST}\r\n\r\n{SECOND}\r\n".encode(),
        f"order_id\n{FIRST}\n{SECOND}\n{FIRST}\n".encode(),
        f"الاسم,رقم الطلب\nمصباح,{FIRST}\nأريكة,{SECOND}\n".encode(),
        f"الاسم;رقم الطلب\nچراغ;{FIRST}\nأريكة;{SECOND}\n".encode("cp1256"),
        f"order_id\n{FIRST}\n{SECOND}\n".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")).encode(),
    ],
    ids=[
        "plain",
        "bom",
        "utf-16",
        "semicolons",
        "quoted",
        "blank row",
        "duplicate",
        "Arabic header",
        "Windows-1256",
        "Arabic digits",
    ],
)
def test_every_honest_file_is_read(world: World, content: bytes) -> None:
    preview = _sent_file(world, content)

    assert "Cancel 2 orders?" in preview.text
    assert FIRST in preview.text
    assert SECOND in preview.text


def test_labels_of_a_file_in_windows_1256_read_as_arabic(world: World) -> None:
    file = f"رقم الطلب;الاسم\n{FIRST};چراغ\n{SECOND};أريكة حمراء\n".encode("cp1256")
    preview = _sent_file(world, file)

    assert f"{FIRST} (چراغ" in preview.text
    assert f"{SECOND} (أريكة حمراء" in preview.text
    assert "رقم الطلب" in preview.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n\n", "The file holds no order ids."),
        (b"order_id\n", "The file holds no order ids."),
        (b"PK\x03\x04" + b"\0" * 100, "not text"),
        (f'order_id\n"{FIRST}\n{SECOND}\n'.encode(), "A quotation mark"),
        (b"city,name\nCairo,Lamp\nGiza,Sofa\n", "No column of the file is known to hold order ids."),
        (f"one,two\n{FIRST},{SECOND}\n{SECOND},{FIRST}\n".encode(), "could be the order ids"),
        (f"order_id\n{FIRST}\nno id\n".encode(), "row 3"),
        (f"name,address,order_id\nAnn,12 Nile St, 11511,{FIRST}\n".encode(), "Row 2 has 4 cells and the first row 3"),
        (
            f"Ann,12 Nile St, 11511,{FIRST}\nBob,5 Tahrir Sq,{SECOND}\n".encode(),
            "Row 2 has 3 cells and the first row 4",
        ),
        (b"order_id\n6,86E+23\n", "shortened them: row 2 has “6,86E+23”"),
        (b"order_id\n5,551,234\n", "put separators into them: row 2 has “5,551,234”"),
        (b"686412345678901000000000\n", "rounded them, so that they end in zeros: row 1 has"),
        (f"Order ID,_id\n1001,{FIRST}\n".encode(), f"(for example “1001”) and “_id” (for example “{FIRST}”)"),
        (f"order_id,name\n{FIRST},Лампа\n".encode("cp1251"), "save it in UTF-8 (Excel: Save As, CSV UTF-8)"),
        (b"Order no,city\n#1001,Cairo\n", "Fincart wants its own order id"),
    ],
    ids=[
        "blank",
        "header alone",
        "a zip",
        "broken quotes",
        "no column",
        "two columns",
        "bad cell",
        "a row too wide",
        "a row too narrow",
        "a number shortened",
        "a number with separators",
        "a number rounded",
        "columns that rival",
        "another encoding",
        "order numbers",
    ],
)
def test_every_bad_file_is_answered_with_its_fix(world: World, content: bytes, said: str) -> None:
    answer = _sent_file(world, content)

    assert "This could not be read. Nothing was sent." in answer.text
    assert said in answer.text
    assert [] == world.kinds()


def test_a_file_of_ten_megabytes_is_refused_before_it_is_fetched(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "all.csv", b"x" * (10 * 1024 * 1024))
    world.slack.submit(form, {FILE_BLOCK: [file]})

    assert "The file is too large: 10 MB" in _errors(world)[FILE_BLOCK]
    assert 0 == world.slack.count("download")


def test_without_the_scope_to_read_files_the_person_is_told(world: World) -> None:
    world.slack.state.scopes.remove("files:read")
    answer = _sent_file(world, FIRST.encode())

    assert "The file could not be fetched from Slack" in answer.text
    assert "the app lacks the scope files:read" in answer.text
    assert "Try again in a minute" not in answer.text
    assert [] == world.kinds()


def test_a_file_that_slack_does_not_hand_over_is_told(world: World) -> None:
    world.slack.fail("download", SlackFault(SlackFaultKind.SERVER_ERROR), None)
    answer = _sent_file(world, FIRST.encode())

    assert "The file could not be fetched from Slack" in answer.text
    assert "Slack did not answer in time. Try again in a minute." in answer.text


@pytest.mark.parametrize(
    ("kind", "place"), [("gdrive", "in Google Drive"), ("dropbox", "in Dropbox"), ("x_2", "by another service")]
)
def test_a_file_that_another_service_keeps_is_to_be_downloaded_and_chosen_as_csv(
    world: World, kind: str, place: str
) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "orders", b"", external_type=kind)
    world.slack.submit(form, {FILE_BLOCK: [file]})
    said = _errors(world)[FILE_BLOCK]

    assert f"The file is kept {place}, not in Slack" in said
    assert "Download it as CSV" in said
    assert 0 == world.slack.count("download")
    assert [] == world.kinds()


def test_a_file_shared_through_slack_connect_is_asked_about_and_fetched(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "theirs.csv", f"order_id\n{FIRST}\n".encode(), connected=True)
    preview = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))

    assert "Cancel 1 order?" in preview.text
    assert "Read from the file theirs.csv" in preview.text


def test_a_file_of_slack_connect_that_another_service_keeps_is_told_so(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "theirs", b"", connected=True, external_type="gdrive")
    answer = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))

    assert "The file is kept in Google Drive, not in Slack" in answer.text
    assert [] == world.kinds()


def test_a_file_of_slack_connect_that_is_too_large_is_not_fetched(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "theirs.csv", b"x" * (6 * 1024 * 1024), connected=True)
    answer = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))

    assert "The file is too large: 6 MB" in answer.text
    assert 0 == world.slack.count("download")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("file_not_found", "it was deleted or hidden"),
        ("access_denied", "Slack does not let the bot see this file"),
        ("token_revoked", "Slack does not accept the bot's token any more"),
        ("team_access_not_granted", "Slack refused it (team_access_not_granted). Tell an administrator."),
    ],
)
def test_each_way_in_which_slack_refuses_a_file_is_told_as_it_is(world: World, error: str, said: str) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "theirs.csv", FIRST.encode(), connected=True)
    world.slack.fail("files.info", SlackFault(SlackFaultKind.ERROR, error=error), None)
    answer = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))

    assert said in answer.text
    assert "Try again in a minute" not in answer.text


def test_a_file_that_was_deleted_before_it_was_fetched_is_told_so(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "orders.csv", FIRST.encode())
    world.slack.state.files[file].complete = False
    answer = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]}))

    assert "Slack does not have the file any more" in answer.text


def test_a_file_that_is_deleted_later_takes_nothing_back_where_its_form_is_handled_again(world: World) -> None:
    preview = _sent_file(world, FIRST.encode())
    world.until(lambda: world.rows("SELECT 1 FROM delivery WHERE kind = 'form' AND answer = 'preview'"))
    world.shut_down()
    for file in world.slack.state.files.values():
        file.complete = False
    again = Database(world.database_url)
    with again.engine.begin() as connection:
        # As a process leaves it that dies before it has written down that it answered.
        connection.exec_driver_sql("UPDATE delivery SET due_at = received_at, answer = NULL WHERE kind = 'form'")
    again.close()
    world.start()
    world.until(lambda: world.rows("SELECT 1 FROM delivery WHERE kind = 'form' AND due_at IS NULL"))
    world.click(ANN, preview, "Cancel 1 order")

    assert "1 cancelled" in world.ended(request_id(preview)).text
    assert [("repeated",)] == world.rows("SELECT answer FROM delivery WHERE kind = 'form'")


def test_how_long_slack_wants_to_be_left_alone_is_told(world: World) -> None:
    world.slack.fail("download", SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=37), None)

    assert "Slack asks the bot to wait 37 seconds" in _sent_file(world, FIRST.encode()).text


def test_ids_and_a_file_are_joined_and_what_is_in_both_is_told(world: World) -> None:
    form = _form(world)
    file = world.slack.add_file(ANN, "orders.csv", f"order_id\n{FIRST}\n{SECOND}\n".encode())
    preview = world.told(ANN, lambda: world.slack.submit(form, {IDS_BLOCK: FIRST, FILE_BLOCK: [file]}))

    assert "Cancel 2 orders?" in preview.text
    assert f"1 id given more than once, kept once: {FIRST}" in preview.text


def test_a_thousand_orders_in_a_file(world: World) -> None:
    preview = _sent_file(world, "\n".join(["order_id", *order_ids(1000)]).encode())

    assert "Cancel 1,000 orders?" in preview.text


@pytest.mark.parametrize(
    ("typed", "block", "said"),
    [
        ({}, IDS_BLOCK, "Paste at least one order id here, or choose a file."),
        ({IDS_BLOCK: "no ids here"}, IDS_BLOCK, "is not an order id"),
        ({IDS_BLOCK: "x" * 64 + "1"}, IDS_BLOCK, "too long"),
    ],
)
def test_a_mistake_is_shown_beside_its_field(world: World, typed: dict[str, str], block: str, said: str) -> None:
    world.slack.submit(_form(world), typed)

    assert said in _errors(world)[block]
    assert [] == world.kinds()


def test_a_mistake_put_right_goes_on(world: World) -> None:
    form = _form(world)
    world.slack.submit(form, {IDS_BLOCK: "lamp"})
    preview = world.told(ANN, lambda: world.slack.submit(form, {IDS_BLOCK: FIRST}))

    assert "Cancel 1 order?" in preview.text


def test_a_reason_that_is_too_long_is_stopped_by_the_field_itself(world: World) -> None:
    form = _form(world)

    with pytest.raises(NotOnScreen):
        world.slack.submit(form, {IDS_BLOCK: FIRST, REASON_BLOCK: "x" * 1001})


def test_a_reason_that_is_too_long_all_the_same_is_refused_with_the_limit(world: World) -> None:
    form = _form(world)
    values = {
        IDS_BLOCK: {"ids_typed": {"type": "plain_text_input", "value": FIRST}},
        REASON_BLOCK: {"reason_typed": {"type": "plain_text_input", "value": "x" * 1001}},
    }
    refused = world.slack.forge_submit(ANN, form, values)

    assert "Shorten it to 1,000 or fewer." in refused.answer
    assert [] == world.kinds()


def test_a_required_reason_is_required_by_the_form(start_world: StartWorld) -> None:
    world = start_world(REQUIRE_REASON="true")
    form = _form(world)

    with pytest.raises(NotOnScreen):
        world.slack.submit(form, {IDS_BLOCK: FIRST})


def test_nobody_submits_the_draft_of_somebody_else(world: World) -> None:
    anns, bos = _form(world, ANN), _form(world, BO)
    stolen = replace(bos, content={**bos.content, "private_metadata": anns.private_metadata})
    values = {IDS_BLOCK: {"ids_typed": {"type": "plain_text_input", "value": FIRST}}}
    refused = world.slack.forge_submit(BO, stolen, values)

    assert "This form is too old. Nothing was sent." in refused.answer
    assert [] == world.kinds()


def test_policy_is_asked_of_forms_as_of_commands(world: World) -> None:
    form = _form(world, CY)
    answer = world.told(CY, lambda: world.slack.submit(form, {IDS_BLOCK: FIRST}))

    assert "Refused: you are not among those who may cancel orders" in answer.text


def test_the_identical_submission_delivered_again_asks_once(world: World) -> None:
    form = _form(world)
    sent = world.slack.submit(form, {IDS_BLOCK: FIRST})
    world.slack.wait_for(lambda: world.slack.ephemerals(ANN))
    again = world.slack.redeliver(sent)
    world.preview(ANN, SECOND)

    assert 200 == again.status
    assert 2 == world.kinds().count("request_made")


def test_a_form_that_slack_does_not_open_is_told(world: World) -> None:
    world.slack.fail("views.open", SlackFault(SlackFaultKind.SERVER_ERROR))

    assert "The form could not be opened. Nothing was sent." in world.told(ANN, lambda: world.type(ANN, "")).text
