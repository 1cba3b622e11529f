"""axe-core on the page in each of its conditions: no finding that is serious or worse."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from screen import Screen

from bot.sandbox.demo.orders import demo_orders

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
FIRST = demo_orders()[0].id


def findings(screen: Screen) -> list[str]:
    """What axe-core finds wrong, where it is serious or critical: the rule and the element."""
    screen.page.evaluate(AXE)
    found = screen.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def lit(request: pytest.FixtureRequest, screen: Screen) -> Screen:
    screen.page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    expect(screen.page.locator("html")).to_have_attribute("data-theme", request.param)
    return screen


@pytest.mark.parametrize("tab", ["Try this", "Fincart", "Audit"])
def test_the_page_with_messages(lit: Screen, tab: str) -> None:
    lit.types(f"/cancel-orders {FIRST} because duplicate")
    lit.presses("Cancel 1 order", lit.private("Cancel 1 order?"))
    lit.message("1 cancelled")
    lit.types("/cancel-orders help")
    lit.private("What you can type")
    lit.tab(tab)

    assert [] == findings(lit)


def test_the_form_with_a_mistake(lit: Screen) -> None:
    lit.types("/cancel-orders")
    lit.dialog.get_by_label("Order ids").fill("rubbish")
    lit.dialog.get_by_role("button", name="Preview").click()
    expect(lit.dialog.get_by_text("is not an order id")).to_be_visible()

    assert [] == findings(lit)


def test_the_narrow_page(lit: Screen) -> None:
    lit.page.set_viewport_size({"width": 390, "height": 800})

    assert [] == findings(lit)


def test_the_gallery(lit: Screen) -> None:
    lit.page.goto(f"{lit.url}gallery")
    expect(lit.page.locator(".sample").first).to_be_visible()

    assert [] == findings(lit)
