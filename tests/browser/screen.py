"""The page, in the words of somebody who sits before it."""

import re

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect


class Screen:
    """What can be seen and done. Everything waits until it is there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.troubles: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._request)
        page.goto(url)
        expect(self.box).to_be_visible()
        expect(page.get_by_role("radio", name="Ann")).to_be_checked()

    @property
    def box(self) -> Locator:
        """The message box."""
        return self.page.locator("#composer")

    @property
    def log(self) -> Locator:
        """The messages of the channel that is open."""
        return self.page.get_by_role("log", name="Messages")

    @property
    def dialog(self) -> Locator:
        """The form on top."""
        return self.page.get_by_role("dialog")

    def be(self, name: str) -> None:
        """Sit down as somebody else."""
        self.page.locator(".people label").filter(has_text=re.compile(f"^{name}")).click()
        expect(self.page.get_by_role("radio", name=name)).to_be_checked()

    def types(self, text: str) -> None:
        """Type in the message box and send it."""
        self.box.fill(text)
        self.box.press("Enter")
        expect(self.box).to_have_value("")

    def presses(self, name: str, within: Locator | None = None) -> None:
        """Press the last button of that name among the messages."""
        (within or self.log).get_by_role("button", name=name, exact=True).last.click()

    def message(self, *words: str, patience: float = 20_000) -> Locator:
        """The newest message with these words, once it is there."""
        found = self.log.get_by_role("article")
        for each in words:
            found = found.filter(has_text=each)
        expect(found.last).to_be_visible(timeout=patience)
        return found.last

    def private(self, *words: str) -> Locator:
        """The newest message with these words that is shown as visible to this person alone."""
        return self.message("Only visible to you", *words)

    def tab(self, name: str) -> Locator:
        """Open a tab of the panel at the side."""
        self.page.get_by_role("tab", name=name).click()
        return self.page.get_by_role("tabpanel", name=name)

    def switch(self, name: str, order: str | None = None) -> None:
        """Turn one of Fincart's faults on."""
        panel = self.tab("Fincart")
        if order is not None:
            panel.get_by_label(f"Order for: {name}").select_option(order)
        panel.get_by_role("switch", name=name).check(force=True)
        expect(panel.get_by_role("switch", name=name)).to_be_checked()

    def ticked(self, title: str) -> None:
        """The guided list has that step ticked off."""
        step = self.tab("Try this").get_by_role("listitem").filter(has=self.page.get_by_role("heading", name=title))
        expect(step.get_by_role("img", name="done")).to_be_visible()

    def request_id(self, message: Locator) -> str:
        """The id of the request that a message is about."""
        found = re.search(r"R-[0-9A-Z]{6}", message.inner_text())
        assert found is not None
        return found.group()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "409" not in message.text:
            self.troubles.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.troubles.append(f"a request to {request.url}")
