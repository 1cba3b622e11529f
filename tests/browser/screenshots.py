"""Takes the pictures of the README from the demo's own page, light and dark: `python tests/browser/screenshots.py`."""

import sys
import tempfile
from pathlib import Path

import chromium
from playwright.sync_api import Browser, sync_playwright
from screen import Screen

from bot.sandbox.demo.fincart import Switch
from bot.sandbox.demo.orders import PENDING, demo_orders
from bot.sandbox.demo.world import DemoWorld, open_world
from bot.sandbox.page.server import served

PICTURES = Path(__file__).parents[2] / "docs" / "images"
COLOURS = ("light", "dark")
ORDERS = [order.id for order in demo_orders()]
PICKED_UP = ORDERS[PENDING]


def main() -> int:
    """Take all of them; 1 where there is no browser."""
    program = chromium.program()
    if program is None:
        sys.stderr.write(f"{chromium.MISSING}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        with open_world(Path(folder)) as world, served(world) as url:
            take_all(browser, world, url)
        browser.close()
    return 0


def take_all(browser: Browser, world: DemoWorld, url: str) -> None:
    """A preview, a partial result, a card that waits for a second person, a report, the Home tab, the form."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    screen = Screen(context.new_page(), url)
    screen.types(f"/cancel-orders {ORDERS[0]}, {ORDERS[1]} because duplicate")
    screen.presses("Cancel 2 orders", screen.private("Cancel 2 orders?"))
    screen.message("2 cancelled")
    screen.types(f"/cancel-orders {' '.join(ORDERS[2:8])} {PICKED_UP} because wrong address")
    preview = screen.private("Cancel 7 orders?")
    screen.page.mouse.move(0, 0)
    take(screen, "preview")
    screen.presses("Keep them", preview)
    world.fincart.turn(Switch.REFUSE_ONE, True, ORDERS[3])
    screen.types(f"/cancel-orders {ORDERS[2]} {ORDERS[3]} {ORDERS[4]} because wrong address")
    screen.presses("Cancel 3 orders", screen.private("Cancel 3 orders?"))
    screen.message("2 cancelled · 1 rejected")
    screen.tab("Fincart")
    take(screen, "result")
    world.fincart.turn(Switch.REFUSE_ONE, False)
    screen.types(f"/cancel-orders {' '.join(ORDERS[8:20])} because warehouse fire")
    screen.presses("Ask for approval: cancel 12 orders", screen.private("Cancel 12 orders?"))
    screen.message("asks to cancel 12 orders")
    screen.tab("Audit")
    screen.be("Ben")
    screen.message("asks to cancel 12 orders")
    take(screen, "approval")
    screen.be("Ann")
    screen.types("/cancel-orders report by:reason")
    screen.private("wrong address", "orders in")
    take(screen, "report")
    screen.page.get_by_role("button", name="Order Cancel Bot").click()
    screen.page.get_by_role("button", name="Home", exact=True).click()
    home = screen.page.get_by_role("region", name="The app's Home tab")
    home.get_by_text("Your last requests").wait_for()
    take(screen, "home")
    screen.page.get_by_role("button", name="orders", exact=True).click()
    screen.types("/cancel-orders")
    screen.dialog.get_by_label("Reason").fill("out of stock")
    take(screen, "form")
    context.close()


def take(screen: Screen, name: str) -> None:
    """One picture in each of the colours."""
    for colours in COLOURS:
        screen.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        screen.page.locator(f"html[data-theme={colours}]").wait_for()
        screen.page.screenshot(path=PICTURES / f"{name}-{colours}.png")


if __name__ == "__main__":
    sys.exit(main())
