"""The demo in a real browser: what a newcomer does with it."""

import re
from pathlib import Path

from playwright.sync_api import expect
from screen import Screen

from bot.sandbox.demo.orders import demo_orders
from bot.sandbox.demo.people import BEN, ORDERS
from bot.sandbox.demo.world import DemoWorld

FIRST, SECOND, THIRD = (order.id for order in demo_orders()[:3])
TWELVE = [order.id for order in demo_orders()[:12]]


def cancel_two(screen: Screen, why: str = "duplicate") -> str:
    """Ask for two orders and confirm; returns the request's id."""
    screen.types(f"/cancel-orders {FIRST}, {SECOND} because {why}")
    public_id = screen.request_id(screen.private("Cancel 2 orders?", why))
    screen.presses("Cancel 2 orders")
    screen.message("2 cancelled", public_id)
    return public_id


def test_somebody_asks_confirms_and_sees_what_happened(screen: Screen, world: DemoWorld) -> None:
    public_id = cancel_two(screen)

    screen.private("Confirmed: cancelling 2 orders", public_id)
    assert "Cancelled" == world.fincart.status(FIRST)
    screen.ticked("Ask to cancel two orders")
    screen.ticked("Confirm, and watch the channel")


def test_a_preview_is_shown_to_its_reader_alone(screen: Screen) -> None:
    screen.types(f"/cancel-orders {FIRST} because a private matter")
    screen.private("a private matter")

    screen.be("Ben")

    expect(screen.log).not_to_contain_text("a private matter")


def test_somebody_who_may_not_is_told_whom_to_ask(screen: Screen) -> None:
    screen.be("Dee")
    screen.types(f"/cancel-orders {FIRST}")

    screen.private("Refused", "Ann Okafor")


def test_one_refused_order_leaves_the_others_cancelled(screen: Screen, world: DemoWorld) -> None:
    screen.switch("Refuse one order", SECOND)
    screen.types(f"/cancel-orders {FIRST} {SECOND} {THIRD} because wrong address")
    screen.presses("Cancel 3 orders")

    screen.message("2 cancelled · 1 rejected", SECOND)
    assert "Pending" == world.fincart.status(SECOND)
    screen.ticked("Let Fincart refuse one order of three")


def test_a_lost_answer_is_settled_by_the_orders_logs(screen: Screen) -> None:
    screen.switch("Break the connection after cancelling")
    screen.types(f"/cancel-orders {FIRST} {SECOND} because changed their mind")
    screen.presses("Cancel 2 orders")

    screen.message("2 cancelled", "changed their mind", "log")
    screen.ticked("Lose Fincart's answer")


def test_what_is_unknown_is_settled_by_check_again(screen: Screen) -> None:
    screen.switch("Break the connection after cancelling")
    screen.switch("Logs unreadable")
    screen.types(f"/cancel-orders {FIRST} {SECOND} because changed their mind")
    screen.presses("Cancel 2 orders")
    unknown = screen.message("2 unknown", "changed their mind", patience=20_000)
    screen.tab("Fincart").get_by_role("switch", name="Logs unreadable").uncheck(force=True)
    screen.presses("Check again", unknown)

    screen.message("2 cancelled", "changed their mind")
    screen.ticked("Settle what was unknown")


def test_one_person_alone_tries_an_approval_by_two(screen: Screen, world: DemoWorld) -> None:
    screen.types(f"/cancel-orders {' '.join(TWELVE)} because warehouse fire")
    screen.presses("Ask for approval: cancel 12 orders", screen.private("warehouse fire"))
    card = screen.message("asks to cancel")
    screen.presses("Approve: cancel 12 orders", card)
    screen.private("nobody approves their own request")
    assert "Pending" == world.fincart.status(FIRST)
    screen.be("Ben")
    screen.presses("Approve: cancel 12 orders", screen.message("asks to cancel"))

    screen.message("12 cancelled", "approved by @ben")
    screen.ticked("Try to approve your own request")
    screen.ticked("Have a large request approved by a second person")


def test_an_emergency_asks_for_the_number_and_is_told(screen: Screen) -> None:
    screen.be("Ben")
    screen.types(f"/cancel-orders {' '.join(TWELVE)} because warehouse fire")
    screen.presses("Emergency: cancel 12 orders", screen.private("warehouse fire"))
    number = screen.dialog.get_by_label("How many orders?")
    number.fill("11")
    screen.dialog.get_by_role("button", name="Emergency").click()
    expect(number).to_have_attribute("aria-invalid", "true")
    number.fill("12")
    screen.dialog.get_by_role("button", name="Emergency").click()
    screen.message("12 cancelled")
    screen.page.get_by_role("button", name="cancel-notices").click()

    screen.message("cancelling 12 orders without approval", "@ben")


def test_the_home_tab_shows_what_waits_and_its_buttons_answer_directly(screen: Screen) -> None:
    screen.types(f"/cancel-orders {' '.join(TWELVE)} because warehouse fire")
    screen.presses("Ask for approval: cancel 12 orders", screen.private("warehouse fire"))
    screen.message("asks to cancel")
    screen.be("Ben")
    screen.page.get_by_role("button", name="Order Cancel Bot").click()
    screen.page.get_by_role("button", name="Home", exact=True).click()
    home = screen.page.get_by_role("region", name="The app's Home tab")
    expect(home).to_contain_text("warehouse fire")
    home.get_by_role("button", name="Approve: cancel 12 orders").click()
    screen.page.get_by_role("button", name="Messages", exact=True).click()

    screen.message("Approved: cancelling 12 orders")
    screen.ticked("Open the app's Home tab")


def test_the_shortcut_opens_the_form_with_the_ids_of_the_message(screen: Screen, world: DemoWorld) -> None:
    world.slack.say(BEN, ORDERS, f"please cancel {FIRST} and {SECOND}")
    message = screen.message("please cancel")
    message.hover()
    message.get_by_role("button", name="Cancel orders in it").click()

    expect(screen.dialog.get_by_label("Order ids")).to_have_value(re.compile(FIRST))


def test_the_form_takes_a_file(screen: Screen, tmp_path: Path) -> None:
    panel = screen.tab("Fincart")
    with screen.page.expect_download() as download:
        panel.get_by_role("link", name="A sample CSV of five orders").click()
    download.value.save_as(tmp_path / "orders.csv")
    screen.types("/cancel-orders")
    screen.dialog.get_by_label("Or a CSV or text file").set_input_files(tmp_path / "orders.csv")
    screen.dialog.get_by_label("Reason").fill("out of stock")
    screen.dialog.get_by_role("button", name="Preview").click()

    screen.private("Cancel 5 orders?", "out of stock", "orders.csv")
    expect(screen.dialog).not_to_be_visible()


def test_a_mistake_takes_the_focus_once_and_not_whenever_somebody_writes(screen: Screen, world: DemoWorld) -> None:
    screen.types("/cancel-orders")
    ids, why = screen.dialog.get_by_label("Order ids"), screen.dialog.get_by_label("Reason")
    ids.fill("rubbish")
    screen.dialog.get_by_role("button", name="Preview").click()
    expect(ids).to_be_focused()
    why.focus()
    world.slack.say(BEN, ORDERS, "good morning")
    expect(screen.page.locator("#messages")).to_contain_text("good morning")

    expect(why).to_be_focused()


def test_the_form_shows_its_mistakes_beside_the_field_and_keeps_what_was_typed(screen: Screen) -> None:
    screen.types("/cancel-orders")
    ids = screen.dialog.get_by_label("Order ids")
    ids.fill("rubbish")
    screen.dialog.get_by_role("button", name="Preview").click()

    expect(ids).to_have_attribute("aria-invalid", "true")
    expect(ids).to_have_accessible_description(re.compile("is not an order id"))
    expect(ids).to_have_value("rubbish")


def test_history_is_paged_in_place_and_shared(screen: Screen) -> None:
    for number in range(6):
        screen.types(f"/cancel-orders {FIRST} because reason number {number}")
        screen.presses("Keep them", screen.private("Cancel 1 order?", f"reason number {number}"))
        screen.private(f"reason number {number}", "kept")
    screen.types("/cancel-orders history")
    screen.presses("Older", screen.private("History", "reason number 5"))
    older = screen.private("History", "reason number 0")
    expect(older).not_to_contain_text("reason number 5")
    screen.presses("Newer")
    screen.private("History", "reason number 5")
    screen.presses("Share in channel")

    screen.message("shared by @ann")
    screen.be("Ben")
    screen.message("shared by @ann", "reason number 5")


def test_the_whole_story_by_keyboard_alone(screen: Screen) -> None:
    keyboard = screen.page.keyboard
    keyboard.press("Tab")
    expect(screen.page.get_by_role("link", name="To the message box")).to_be_focused()
    keyboard.press("Enter")
    keyboard.press("Tab") if not screen.box.evaluate("box => box === document.activeElement") else None
    keyboard.type("/can")
    keyboard.press("Tab")
    expect(screen.box).to_have_value("/cancel-orders ")
    keyboard.type(f"{FIRST} {SECOND} because by keyboard")
    keyboard.press("Enter")
    screen.private("by keyboard")
    for _ in range(12):
        keyboard.press("Shift+Tab")
        if screen.page.evaluate("document.activeElement.textContent") == "Cancel 2 orders":
            break
    keyboard.press("Enter")

    screen.message("2 cancelled", "by keyboard")


def test_people_and_tabs_are_chosen_with_the_arrow_keys(screen: Screen) -> None:
    screen.page.get_by_role("radio", name="Ann").focus()
    screen.page.keyboard.press("ArrowRight")
    expect(screen.page.get_by_role("radio", name="Ben")).to_be_checked()
    screen.page.get_by_role("tab", name="Try this").focus()
    screen.page.keyboard.press("ArrowRight")

    expect(screen.page.get_by_role("tabpanel", name="Fincart")).to_be_visible()


def test_the_command_s_hint_is_shown_while_it_is_typed(screen: Screen) -> None:
    screen.box.fill("/cancel-orders")

    expect(screen.page.locator("#hint")).to_contain_text("because WHY")


def test_the_audit_panel_tells_the_history_and_that_it_holds(screen: Screen) -> None:
    public_id = cancel_two(screen)
    panel = screen.tab("Audit")

    expect(panel.get_by_role("status")).to_contain_text("Verified: 6 events")
    expect(panel.get_by_role("listitem").filter(has_text="confirmed it")).to_contain_text(public_id)


def test_the_fincart_panel_shows_the_call_and_the_order_s_log(screen: Screen) -> None:
    cancel_two(screen)
    panel = screen.tab("Fincart")
    panel.get_by_text(FIRST, exact=True).click()

    expect(panel.get_by_text("cancel 2 orders, 2 cancelled")).to_be_visible()
    expect(panel.get_by_text("Cancelled: Cancelled").first).to_be_visible()


def test_the_focus_stays_on_the_tab_that_was_pressed(screen: Screen, world: DemoWorld) -> None:
    screen.page.get_by_role("button", name="Order Cancel Bot").click()
    home = screen.page.get_by_role("button", name="Home", exact=True)
    home.press("Enter")
    expect(screen.page.get_by_role("region", name="The app's Home tab")).to_contain_text("Your last requests")
    world.slack.say(BEN, ORDERS, "good morning")
    expect(screen.page.get_by_role("button", name="new messages")).to_be_visible()

    expect(home).to_be_focused()
    expect(home).to_have_attribute("aria-pressed", "true")


def test_what_is_put_into_the_message_box_is_seen_there_in_a_narrow_window(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 360, "height": 700})
    screen.page.get_by_role("button", name="Try, Fincart, Audit").click()
    panel = screen.tab("Fincart")
    panel.get_by_text(FIRST, exact=True).click()
    panel.get_by_role("button", name="Add to the message box").first.click()

    expect(screen.box).to_be_visible()
    expect(screen.box).to_have_value(f"/cancel-orders {FIRST} ")


def test_an_order_is_put_into_the_message_box_from_the_panel(screen: Screen) -> None:
    panel = screen.tab("Fincart")
    panel.get_by_text(FIRST, exact=True).click()
    panel.get_by_role("button", name="Add to the message box").first.click()

    expect(screen.box).to_have_value(f"/cancel-orders {FIRST} ")


def test_a_step_of_the_guide_types_its_command_as_the_right_person(screen: Screen) -> None:
    screen.tab("Try this").get_by_role("button", name="Type it for me, as dee").click()

    expect(screen.page.get_by_role("radio", name="Dee")).to_be_checked()
    screen.box.press("Enter")
    screen.private("Refused")
    screen.ticked("Be refused")


def test_what_another_person_does_is_seen_at_once(screen: Screen, world: DemoWorld) -> None:
    world.slack.say(BEN, ORDERS, "good morning")

    screen.message("good morning")


def test_what_is_typed_never_becomes_markup(screen: Screen, world: DemoWorld) -> None:
    attack = "<img src=x onerror=alert(1)> <script>alert(2)</script> <javascript:alert(3)|press me>"
    world.slack.say(BEN, ORDERS, attack)
    screen.types(f"/cancel-orders {FIRST} because {attack}")
    screen.private("Cancel 1 order?", "<script>alert(2)</script>")
    screen.message("press me")

    assert 0 == screen.log.locator("img, script, a").count()


def test_a_block_that_is_not_known_is_marked(screen: Screen, world: DemoWorld) -> None:
    with world.slack.core.changing():
        post = world.slack.core.add_post(ORDERS, world.slack.state.bot_user, "new", None)
        post.blocks = [{"type": "hologram", "block_id": "b"}]

    screen.message("NOT RENDERED: block hologram")


def test_slack_s_own_complaint_is_shown(screen: Screen, world: DemoWorld) -> None:
    world.slack.deliver = refuse_connection
    screen.box.fill("/cancel-orders help")
    screen.box.press("Enter")

    screen.message("Slackbot", 'failed with the error "dispatch_failed"')


def test_a_link_to_a_message_leads_there(screen: Screen) -> None:
    cancel_two(screen)
    screen.types("/cancel-orders history")
    screen.private("History")
    screen.page.get_by_role("button", name="warehouse").click()
    screen.page.get_by_role("button", name="orders", exact=True).first.click()
    screen.presses("message", screen.private("History"))

    expect(screen.page.locator(".pointed-at")).to_contain_text("2 cancelled")


def test_the_page_says_that_it_is_not_slack(screen: Screen) -> None:
    expect(screen.page.get_by_text("It is not Slack")).to_be_visible()


def test_colours_follow_the_computer_until_somebody_chooses(screen: Screen) -> None:
    html = screen.page.locator("html")
    screen.page.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-theme", "dark")
    screen.page.get_by_role("button", name="Switch to light colours").click()

    expect(html).to_have_attribute("data-theme", "light")


def test_a_narrow_window_shows_one_thing_at_a_time_and_nothing_sticks_out(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 360, "height": 700})
    cancel_two(screen)
    wide = screen.page.evaluate("document.documentElement.scrollWidth")
    screen.page.get_by_role("button", name="Try, Fincart, Audit").click()

    assert 360 == wide
    expect(screen.page.get_by_role("tabpanel", name="Try this")).to_be_visible()
    expect(screen.log).not_to_be_visible()


def test_a_report_is_drawn_with_its_chart_and_its_table(screen: Screen) -> None:
    cancel_two(screen)
    screen.types("/cancel-orders report by:reason")
    shown = screen.private("2 orders in 1 request")

    expect(shown.get_by_role("figure")).to_contain_text("Orders by reason")
    expect(shown.get_by_role("columnheader", name="Cancelled")).to_be_visible()
    assert 0 == screen.page.locator(".not-rendered").count()


def test_the_gallery_renders_every_message(screen: Screen) -> None:
    screen.page.goto(f"{screen.url}gallery")
    expect(screen.page.get_by_role("heading", name="Preview", exact=False).first).to_be_visible()

    assert 0 == screen.page.locator(".not-rendered").count()


def refuse_connection(kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    raise ConnectionRefusedError("nobody listens")
