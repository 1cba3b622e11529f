"""A preview says how its orders stand at Fincart: what cannot be cancelled first and by name, the others counted."""

import pytest
from world import ANN, BO, StartWorld, World, go_ahead, order_ids, request_id

from bot.messages.request_form import FILE_BLOCK
from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind

IDS = order_ids(60)


def standing(world: World, *statuses: tuple[str, str]) -> list[str]:
    """Orders that stand so at Fincart."""
    for order_id, (title, description) in zip(IDS, statuses, strict=False):
        world.fincart.add(order_id, title=title, description=description)
    return IDS[: len(statuses)]


def test_pending_orders_are_counted_by_their_sub_status(world: World) -> None:
    ids = standing(world, ("Pending", "New"), ("Pending", "Duplicate"), ("Pending", "New"))
    text = world.preview(ANN, f"{' '.join(ids)} because wrong address").text

    assert "All 3 are pending at Fincart (2 New, 1 Duplicate)." in text


def test_what_cannot_be_cancelled_stands_first_and_by_name(world: World) -> None:
    duplicates, areas, gone = [("Pending", "Duplicate")] * 30, [("Pending", "Missing Area")] * 4, ("Processing",)
    ids = standing(world, *duplicates, *areas, (*gone, "Picked Up"), (*gone, "Picked Up"))
    shown = world.preview(ANN, " ".join(ids))
    lines = shown.text.splitlines()
    named = next(number for number, line in enumerate(lines) if "2 already Picked Up" in line)

    assert "2 orders cannot be cancelled at Fincart:" == lines[named - 1]
    assert f"• 2 already Picked Up: {ids[34]}, {ids[35]}" == lines[named]
    assert "34 are pending at Fincart (30 Duplicate, 4 Missing Area)." in lines[named + 1]
    assert 1 == shown.text.count(ids[34])


def test_each_way_in_which_an_order_has_gone_further_is_told(world: World) -> None:
    statuses = [("Successful", "Delivered to Customer"), ("Cancelled", "Cancelled"), ("canceled", "CANCELLED")]
    ids = [*standing(world, ("Unsuccessful", "Problematic"), *statuses), IDS[50]]
    text = world.preview(ANN, " ".join(ids)).text

    assert "5 orders cannot be cancelled at Fincart:" in text
    assert f"• 2 already Cancelled: {ids[2]}, {ids[3]}" in text
    assert f"• 1 already Problematic: {ids[0]}" in text
    assert f"• 1 already Delivered to Customer: {ids[1]}" in text
    assert f"• 1 not known to Fincart: {IDS[50]}" in text
    assert "pending" not in text


def test_one_sub_status_of_two_main_statuses_is_told_apart(world: World) -> None:
    ids = standing(world, ("Processing", "Rejected"), ("Unsuccessful", "rejected"))
    text = world.preview(ANN, " ".join(ids)).text

    assert f"• 1 already Processing, Rejected: {ids[0]}" in text
    assert f"• 1 already Unsuccessful, rejected: {ids[1]}" in text


def test_spellings_of_one_word_are_one_group(world: World) -> None:
    spelled = [("Pending", "Missing Area"), ("PENDING", "missing  area"), (" pending ", "MISSING\tAREA ")]
    text = world.preview(ANN, " ".join(standing(world, *spelled))).text

    assert "All 3 are pending at Fincart (3 Missing Area)." in text


def test_an_unknown_sub_status_is_shown_as_it_is_and_decides_nothing(world: World) -> None:
    ids = standing(world, ("Pending", "Awaiting <!channel> *pickup*"), ("Pending", "New"))
    shown = world.preview(ANN, " ".join(ids))
    world.click(ANN, shown, go_ahead(shown))

    assert "All 2 are pending at Fincart (1 Awaiting &lt;!channel&gt; *pickup*, 1 New)." in shown.text
    assert "Leave those out" not in [button.text for button in shown.buttons()]
    assert "2 cancelled" in world.ended(request_id(shown)).text


def test_an_unknown_main_status_is_shown_as_it_is_and_decides_nothing(world: World) -> None:
    ids = standing(world, ("Pending", "New"), ("On Hold", "By customs"))
    shown = world.preview(ANN, " ".join(ids))

    assert "1 order in a status that the bot does not know; Fincart decides:" in shown.text
    assert f"• 1 On Hold, By customs: {ids[1]}" in shown.text
    assert "1 is pending at Fincart (1 New)." in shown.text
    assert "cannot be cancelled" not in shown.text
    assert ["Cancel 2 orders", "Keep them"] == [button.text for button in shown.buttons()]


def test_what_could_not_be_looked_up_in_time_is_said_once(world: World) -> None:
    ids = standing(world, *[("Pending", "New")] * 5)
    for order_id in ids[:3]:
        world.fincart.inject(Fault(FaultKind.GARBAGE, Endpoint.LOGS, order_id=order_id, times=None))
    text = world.preview(ANN, " ".join(ids)).text

    assert "2 are pending at Fincart (2 New). 3 could not be looked up in time." in text
    assert 1 == text.count("looked up")


def test_what_another_request_has_is_named_once_and_left_out_with_what_has_gone_further(world: World) -> None:
    ids = standing(world, ("Pending", "New"), ("Pending", "Duplicate"), ("Processing", "At Courier Hub"))
    first = world.preview(BO, f"{ids[1]} {ids[2]}")
    shown = world.preview(ANN, " ".join(ids))
    again = world.told(ANN, lambda: world.click(ANN, shown, "Leave those out"), with_button="go_ahead")

    assert f"• 1 already At Courier Hub: {ids[2]} (also in {request_id(first)})" in shown.text
    assert f"• {ids[1]}: {request_id(first)}" in shown.text
    assert "It is pending at Fincart (1 New)." in again.text
    assert [] == [each for each in ids[1:] if each in again.text]


def test_a_dry_run_says_the_same(world: World) -> None:
    ids = standing(world, ("Pending", "Duplicate"), ("Pending", "New"), ("Processing", "Out for Delivery"), ("?", "!"))
    text = world.answer(ANN, f"preview {' '.join(ids)}").text

    assert "1 order cannot be cancelled at Fincart:" in text
    assert f"• 1 already Out for Delivery: {ids[2]}" in text
    assert f"• 1 ?, !: {ids[3]}" in text
    assert "2 are pending at Fincart (1 Duplicate, 1 New)." in text


def test_a_preview_of_a_file_names_what_cannot_be_cancelled_by_its_label_too(world: World) -> None:
    ids = standing(world, ("Pending", "New"), ("Processing", "Picked Up"))
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    rows = "".join(f"{order_id},Lamp {number}\n" for number, order_id in enumerate(ids))
    file = world.slack.add_file(ANN, "orders.csv", f"order_id,label\n{rows}".encode())
    text = world.told(ANN, lambda: world.slack.submit(form, {FILE_BLOCK: [file]})).text

    assert f"• 1 already Picked Up: {ids[1]}" in text
    assert "Lamp 1" in text


def test_what_a_preview_saw_is_stored_with_its_orders(world: World) -> None:
    standing(world, ("Pending", "Missing Tracking"), ("Processing", ""))
    world.preview(ANN, " ".join(IDS[:3]))

    assert [("Pending", "Missing Tracking"), ("Processing", ""), ("no such order", None)] == world.rows(
        "SELECT seen_status, seen_sub_status FROM order_line ORDER BY position"
    )


@pytest.mark.parametrize("kinds", [9, 25])
def test_of_many_kinds_the_most_frequent_are_told_and_the_others_counted(start_world: StartWorld, kinds: int) -> None:
    world = start_world()
    ids = standing(world, *(("Pending", f"Kind {max(2, number)} {'very ' * 50}") for number in range(kinds)))
    text = world.preview(ANN, " ".join(ids)).text

    assert f"All {kinds} are pending at Fincart (3 Kind 2 very" in text
    assert f", {kinds - 7} of other kinds)." in text


def test_show_says_of_each_order_how_it_stood(world: World) -> None:
    ids = standing(world, ("Pending", "New"), *[("Processing", "Picked Up")] * 12)
    preview = world.preview(ANN, " ".join([*ids, IDS[50]]))
    first = world.answer(ANN, f"show {request_id(preview)}").text
    second = world.press(ANN, world.private(ANN)[-1], "Next page").text

    assert f"• 12 already Picked Up: {', '.join(ids[1:11])} … and 2 more" in preview.text
    assert f"{ids[0]} — Pending, New when it was looked up" in first
    assert f"{ids[12]} — Processing, Picked Up when it was looked up" in second
    assert f"{IDS[50]} — not known to Fincart when it was looked up" in second
