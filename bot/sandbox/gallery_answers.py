"""The gallery's private answers: refusals, what could not be read, and help."""

from collections.abc import Callable, Iterator
from typing import Any

from bot.commands import NotUnderstood
from bot.messages import answers, form, help, refusals
from bot.messages.message import Message
from bot.policy import Asked, Code
from bot.sandbox import gallery_facts as facts

Made = tuple[str, Callable[..., Any], Message | dict[str, Any]]

WORDS = "“<!channel>” is a mention, not an order id. Leave it out."


def made() -> Iterator[Made]:
    """Every one of them: its name, its builder, and what that builds."""
    for code in Code:
        asked = Asked((facts.BEN,), (), facts.RULES.contact)
        told = refusals.refused(code, "ALLOWED_USERS", asked, facts.RULES, facts.REFUSED)
        yield f"Refused: {code.value.replace('_', ' ')}", refusals.refused, told
    yield "Not read", answers.not_read, answers.not_read(NotUnderstood("hlep", "help"), "hlep <!channel>")
    yield "A field or file that cannot be read", answers.problem, answers.problem(WORDS)
    yield "File not fetched", answers.file_not_fetched, answers.file_not_fetched(facts.RULES.contact)
    yield "Not recorded", answers.could_not_record, answers.could_not_record(facts.RULES.contact)
    yield "Not yet recorded", answers.not_yet_recorded, answers.not_yet_recorded(facts.RULES.contact)
    yield "Button of another version", answers.button_not_known, answers.button_not_known()
    yield "Command of another app", answers.command_not_known, answers.command_not_known("/other")
    yield "Form of another version", form.form_not_known_view, form.form_not_known_view()
    yield "Form too old", answers.form_gone, answers.form_gone()
    yield "Form not opened", answers.form_not_opened, answers.form_not_opened()
    yield "Form of a button not opened", answers.press_not_opened, answers.press_not_opened()
    yield "No such request", answers.no_such_request, answers.no_such_request("R-2B2B2B")
    yield "Broken", answers.broken, answers.broken(facts.RULES.contact)
    yield "Help", help.help_message, help.help_message(facts.RULES)
