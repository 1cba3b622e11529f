"""Looking back from the channel: history with its filters and pages, show, and help with the rules in force."""

import subprocess
import sys

import pytest
from world import ANN, BO, CY, FIRST, ORDERS, RETURNS, SECOND, THIRD, Clock, StartWorld, World, order_ids, request_id

from bot.messages.request_form import FILE_BLOCK
from bot.sandbox.slack.state import Post

DAY = 86_400


def _found(post: Post) -> set[str]:
    """The requests that a page of history lists."""
    return {line.split(" · ")[0] for line in post.text.splitlines() if line.startswith("R-")}


def _history(world: World, filters: str = "", person: str = ANN) -> set[str]:
    return _found(world.answer(person, f"history {filters}".strip()))


def test_an_entry_says_who_what_why_and_how_it_ended(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    world.slack.wait_for(lambda: world.slack.count("chat.getPermalink"))
    page = world.answer(BO, "history")

    for part in (request_id(end), "finished: 2 cancelled", f"<@{ANN}>: duplicate", FIRST, SECOND):
        assert part in page.text
    assert "looking" not in page.text.lower()
    assert 1 == len(world.slack.ephemerals(BO))


def test_history_is_newest_first_and_over_every_channel(world: World) -> None:
    older = request_id(world.preview(ANN, FIRST))
    newer = request_id(world.answer(BO, SECOND, channel=RETURNS))
    page = world.answer(ANN, "history")

    assert [newer, older] == [line.split(" · ")[0] for line in page.text.splitlines() if line.startswith("R-")]


def test_an_entry_links_to_the_live_message(world: World) -> None:
    world.cancelled()
    world.until(lambda: world.rows("SELECT 1 FROM slack_message WHERE permalink IS NOT NULL"))
    page = world.answer(ANN, "history")

    assert f"/archives/{ORDERS}/" in page.text


def test_an_order_is_found_by_the_number_that_stood_beside_it_in_its_file(world: World) -> None:
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    content = f"order_id,reference number\n{FIRST},#1800022D2\n{SECOND},1001\n".encode()
    file = world.slack.add_file(ANN, "orders.csv", content)
    labelled = request_id(world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]})))
    other = request_id(world.preview(ANN, "1002"))
    page = world.answer(ANN, "history #1001")

    assert {labelled} == _found(page)
    assert "History of cancel requests: order labelled #1001\n" in page.text
    assert {labelled} == _history(world, "1001") == _history(world, "#1800022d2") == _history(world, "１800022D2")
    assert {other} == _history(world, "1002")
    assert set() == _history(world, "#1002") == _history(world, "#100")


def test_each_filter_finds_what_it_names_and_nothing_else(world: World) -> None:
    world.fincart.move(SECOND, "Processing")
    done = request_id(world.cancelled(ANN, f"{FIRST} because the customer rang"))
    rejected = request_id(world.cancelled(BO, f"{SECOND} because duplicate"))
    kept = world.preview(BO, f"{THIRD} because wrong size")
    world.press(BO, kept, "Keep them")
    withdrawn = request_id(kept)
    refused = request_id(world.answer(CY, THIRD))
    everything = {done, rejected, withdrawn, refused}

    assert everything == _history(world)
    assert {done} == _history(world, "@ann")
    assert {rejected, withdrawn} == _history(world, "@bo")
    assert {done} == _history(world, FIRST)
    assert {done, rejected} == _history(world, "status:finished")
    assert {withdrawn} == _history(world, "status:withdrawn")
    assert {refused} == _history(world, "status:refused")
    assert {done} == _history(world, "outcome:cancelled")
    assert {rejected} == _history(world, "outcome:rejected")
    assert {done} == _history(world, 'text:"customer RANG"')
    assert {rejected} == _history(world, "@bo status:finished outcome:rejected")
    assert everything == _history(world, "since:today")
    assert set() == _history(world, "until:yesterday")
    assert everything == _history(world, "since:7d until:today")


def test_days_are_the_readers_own(start_world: StartWorld) -> None:
    clock = Clock()
    world = start_world(clock=clock)
    world.slack.add_person("U0000008", "eve", tz="Pacific/Kiritimati", tz_offset=14 * 3600)
    world.restart(ALLOWED_USERS=f"{ANN},{BO}", AUDITOR_USERS="U0000008")
    clock.advance((DAY - clock().hour * 3600 - clock().minute * 60 + 5 * 3600) % DAY)  # 05:00 UTC
    asked = request_id(world.preview(ANN, FIRST))
    # 11:00 UTC, past midnight in Kiritimati; the preview nobody confirmed is told to have expired
    world.told(ANN, lambda: clock.advance(6 * 3600))

    assert set() == _history(world, "since:today", "U0000008")
    assert {asked} == _history(world, "since:yesterday", "U0000008")
    assert {asked} == _history(world, "since:today", ANN)
    assert "since today. Days are those of Pacific/Kiritimati\n" in world.answer("U0000008", "history since:today").text


@pytest.mark.parametrize("days", ["since:0001-01-01", "until:9999-12-31", "since:0001-01-01 until:9999-12-31"])
@pytest.mark.parametrize(("zone", "seconds"), [("Pacific/Kiritimati", 14 * 3600), ("America/Los_Angeles", -8 * 3600)])
def test_the_first_and_the_last_day_of_the_calendar_leave_nothing_out(
    start_world: StartWorld, days: str, zone: str, seconds: int
) -> None:
    world = start_world(AUDITOR_USERS="U0000008")
    world.slack.add_person("U0000008", "eve", tz=zone, tz_offset=seconds)
    asked = request_id(world.preview(ANN, FIRST))

    assert {asked} == _history(world, days, "U0000008")


def test_a_time_zone_that_nobody_knows_is_told_by_its_distance(start_world: StartWorld) -> None:
    world = start_world(AUDITOR_USERS="U0000008")
    world.slack.add_person("U0000008", "eve", tz="Mars/Olympus", tz_offset=-3 * 3600 - 1800)

    assert "Days are those of UTC-03:30\n" in world.answer("U0000008", "history since:today").text


def test_time_zones_are_known_on_a_machine_without_their_data() -> None:
    asking = [sys.executable, "-c", "import zoneinfo; print(zoneinfo.ZoneInfo('Africa/Cairo'))"]
    told = subprocess.run(asking, env={"PYTHONTZPATH": ""}, capture_output=True, encoding="utf-8", check=True)

    assert "Africa/Cairo" == told.stdout.strip()


def test_a_filter_that_finds_nothing_says_how_to_widen_it(world: World) -> None:
    page = world.answer(ANN, "history outcome:unknown")

    assert "Nothing was found." in page.text
    assert "history since:30d" in page.text
    assert [] == page.buttons()


def test_pages_turn_in_place_and_only_where_there_are_more(world: World) -> None:
    asked = [request_id(world.preview(ANN, order_id)) for order_id in order_ids(7)]
    newest = world.answer(BO, "history")
    first = [button.text for button in newest.buttons()]
    older = world.press(BO, newest, "Older")
    second = [button.text for button in older.buttons()]
    back = world.press(BO, older, "Newer")

    assert ["Older", "Share in channel"] == first
    assert ["Newer", "Share in channel"] == second
    assert set(asked[2:]) == _found(newest)
    assert set(asked[:2]) == _found(older)
    assert set(asked[2:]) == _found(back)
    assert newest.ts == older.ts == back.ts


def test_a_page_keeps_its_filters_as_it_turns(world: World) -> None:
    anns = [request_id(world.preview(ANN, order_id)) for order_id in order_ids(6)]
    world.preview(BO, FIRST)
    older = world.press(BO, world.answer(BO, "history @ann"), "Older")

    assert {anns[0]} == _found(older)


def test_a_page_shared_in_the_channel_says_who_shared_it_and_has_no_buttons(world: World) -> None:
    public_id = request_id(world.preview(ANN, FIRST))
    page = world.answer(BO, "history")
    world.click(BO, page, "Share in channel")
    [shared] = world.slack.wait_for(lambda: world.slack.messages(ORDERS))

    assert f"shared by <@{BO}>" in shared.text
    assert {public_id} == _found(shared)
    assert [] == shared.buttons()


def test_a_page_that_began_while_others_asked_is_shared_as_it_was_seen(world: World) -> None:
    ids = order_ids(7)
    for order_id in ids[:6]:
        world.preview(ANN, order_id)
    older = world.press(BO, world.answer(BO, "history"), "Older")
    last = request_id(world.preview(ANN, ids[6]))
    newest = world.press(BO, world.press(BO, older, "Newer"), "Newer")
    world.click(BO, newest, "Share in channel")
    [shared] = world.slack.wait_for(lambda: world.slack.messages(ORDERS))

    assert {last} == _found(newest)
    assert {last} == _found(shared)


def test_nobody_turns_or_shares_somebody_elses_page(world: World) -> None:
    world.preview(ANN, FIRST)
    page = world.answer(BO, "history")
    world.forge(CY, page, "Share in channel")
    world.slack.wait_for(lambda: any("Nothing was done." in text for text in world.answers()))

    assert [] == world.slack.messages(ORDERS)


def test_show_tells_all_about_a_request(world: World) -> None:
    end = world.cancelled(ANN, f"{FIRST} {SECOND} because duplicate")
    shown = world.answer(BO, f"show {request_id(end).lower()}")

    for part in (request_id(end), FIRST, SECOND, "cancelled, as Fincart answered", f"<@{ANN}>: duplicate"):
        assert part in shown.text
    assert "confirmed by its requester" in shown.text
    assert "What happened 1–" in shown.text


def test_show_takes_an_id_without_its_prefix(world: World) -> None:
    public_id = request_id(world.preview())

    assert public_id in world.answer(ANN, f"show {public_id.removeprefix('R-').lower()}").text


def test_show_has_what_needs_somebody_first_whatever_page_of_the_request_it_was_on(world: World) -> None:
    ids = order_ids(25)
    world.fincart.add(*ids)
    world.fincart.move(ids[23], "Delivered")
    end = world.cancelled(ANN, " ".join(ids))
    one = world.answer(BO, f"show {request_id(end)}")
    two = world.told(BO, lambda: world.click(BO, one, "Next page"), with_button="show_previous")
    listed = [
        line.split(" ")[1] for post in (one, two) for line in post.text.splitlines() if f"• {ids[0][:16]}" in line
    ]

    assert [ids[23], *ids[:19]] == listed
    assert f"• {ids[23]} — rejected" in one.text


def test_show_turns_its_pages(world: World) -> None:
    ids = order_ids(25)
    public_id = request_id(world.preview(ANN, " ".join(ids)))
    one = world.answer(BO, f"show {public_id}")
    two = world.told(BO, lambda: world.click(BO, one, "Next page"), with_button="show_previous")

    assert ids[0] in one.text
    assert ids[10] not in one.text
    assert "page 1 of 3" in one.text
    assert "page 2 of 3" in two.text
    assert ids[10] in two.text
    assert ids[20] not in two.text


def test_show_gives_the_requester_the_live_buttons_again_and_nobody_else(world: World) -> None:
    public_id = request_id(world.preview(ANN))
    world.slack.reload(ANN)
    mine = world.answer(ANN, f"show {public_id}")
    theirs = world.answer(BO, f"show {public_id}")
    world.click(ANN, mine, "Cancel 2 orders")

    assert "2 cancelled" in world.ended(public_id).text
    assert [] == theirs.buttons()


def test_show_tells_of_refused_clicks(world: World) -> None:
    preview = world.preview(ANN)
    world.told(BO, lambda: world.forge(BO, preview, "Cancel 2 orders"))

    assert f"<@{BO}>" in world.answer(ANN, f"show {request_id(preview)}").text


def test_show_of_no_such_request_says_so(world: World) -> None:
    assert "There is no such request" in world.answer(ANN, "show R-ZZZZZ9").text


def test_help_lists_every_form_and_the_rules_in_force(start_world: StartWorld) -> None:
    world = start_world(MAX_ORDERS_PER_REQUEST="77", REQUIRE_REASON="true", CONTACT="the night desk")
    answer = world.answer(CY, "help")

    for part in ("history", "show", "because", "77 orders", "A reason is required", "the night desk", f"<@{ANN}>"):
        assert part in answer.text


def test_help_is_answered_with_the_acknowledgement_itself(world: World) -> None:
    assert "Cancel orders at Fincart" in world.type(ANN, "help").answer


def test_a_misspelt_word_is_answered_with_the_nearest(world: World) -> None:
    answer = world.answer(ANN, "hlep")

    assert "Did you mean: /cancel-orders help" in answer.text
    assert [] == world.kinds()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("history stauts:finished", "Did you mean status:?"),
        ("history status:done", "There is no status “done”."),
        ("history since:someday", "“someday” is no day."),
        ("history @nobody", "is no person that Slack recognised"),
        ("show", "Show which request?"),
        (f"show {FIRST}", f"/cancel-orders history {FIRST}"),
    ],
)
def test_a_look_back_that_cannot_be_read_names_its_fix(world: World, typed: str, said: str) -> None:
    assert said in world.answer(ANN, typed).text
