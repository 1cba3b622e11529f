"""PURE: short private answers: what could not be read, recorded, found or understood."""

from bot.domain.commands.order_ids import BadId
from bot.domain.commands.parser import COMMAND, ParseError
from bot.domain.commands.typed_text import as_typed
from bot.messages.document import CodeText, Heading, Line, Typed
from bot.messages.message import Message
from bot.messages.parse_errors import explain
from bot.messages.render import render
from bot.messages.words import paragraph

EXAMPLE = f"{COMMAND} 6864fecda075914a1b1e353c, 6877b613a665f49134ef0001 because duplicate"


def not_read(error: ParseError | BadId, typed: str | None = None) -> Message:
    """Answers what could not be read, with the fix, an example and, where given, what was typed, to copy from."""
    lines: list[Line] = [
        ("Nothing was sent.",),
        (Typed(explain(error), 1500),),
        ("An example: ", CodeText(EXAMPLE)),
        ("All it can do: ", CodeText(f"{COMMAND} help")),
    ]
    if typed:
        lines.insert(2, ("You typed: ", Typed(as_typed(typed), 1000)))
    return render((Heading("That was not understood"), paragraph(*lines)))


def could_not_record(contact: str) -> Message:
    """Answers what could not be written down: without a record nothing is sent."""
    return render(
        (
            Heading("This could not be recorded, so nothing was sent"),
            paragraph(
                "The bot's database is busy or full, and nothing is done without a record.",
                ("Try again in a minute. If it happens again, ask ", Typed(contact), "."),
            ),
        )
    )


def perhaps_recorded(contact: str) -> Message:
    """Answers what may have been written down or not: the database went away just then."""
    return render(
        (
            Heading("It is not known whether this was recorded"),
            paragraph(
                "The bot's database went away just then. If it was recorded, it is done once the database is back.",
                (
                    "Look at ",
                    CodeText(f"{COMMAND} history"),
                    " before you try again. If it says nothing, ask ",
                    Typed(contact),
                    ".",
                ),
            ),
        )
    )


def button_not_known() -> Message:
    """Answers a button that this version does not have, or whose value is not one it made."""
    return render(
        (
            Heading("This button is from an older version of the bot. Nothing was done."),
            paragraph(
                ("Look for the request in the list, and use its buttons there: ", CodeText(f"{COMMAND} history")),
                ("All it can do: ", CodeText(f"{COMMAND} help")),
            ),
        )
    )


def command_not_known(command: str) -> Message:
    """Answers a slash command that Slack sends to this app and that it does not have."""
    return render(
        (
            Heading("This bot does not know that command. Nothing was done."),
            paragraph(("You typed: ", Typed(command, 60)), ("It answers to ", CodeText(f"{COMMAND} help"))),
        )
    )


def form_gone() -> Message:
    """Answers a form whose draft is no longer there."""
    return render(
        (
            Heading("This form is too old. Nothing was sent."),
            paragraph(("Open a new one: type ", CodeText(COMMAND), " with nothing after it.")),
        )
    )


def no_such_request(public_id: str) -> Message:
    """Answers `show` of a request that does not exist."""
    return render(
        (
            Heading("There is no such request"),
            paragraph(
                ("Nothing is recorded as ", CodeText(public_id), "."),
                ("Look for it by person, order or day: ", CodeText(f"{COMMAND} history since:7d")),
            ),
        )
    )


def not_yet_recorded(contact: str) -> Message:
    """Tells whoever waits that the database was not there when their command or press was handled."""
    return render(
        (
            Heading("This could not be recorded yet, so nothing was sent"),
            paragraph(
                "The bot's database is busy or full. The bot tries again by itself for as long as it takes.",
                ("Before you ask again, see whether it has gone through: ", CodeText(f"{COMMAND} history")),
                ("If it lasts, ask ", Typed(contact), "."),
            ),
        )
    )


def problem(words: str) -> Message:
    """Answers what could not be read: ids in a form, a file."""
    return render((Heading("This could not be read. Nothing was sent."), paragraph((Typed(words, 1500),))))


def form_not_opened() -> Message:
    """Answers the command where Slack did not open the form in time."""
    return render(
        (
            Heading("The form could not be opened. Nothing was sent."),
            paragraph(("Type ", CodeText(COMMAND), " again, or put the order ids after it.")),
        )
    )


def press_not_opened() -> Message:
    """Answers a button whose form Slack did not open in time."""
    return render((Heading("The form could not be opened. Nothing was done."), paragraph("Press the button again.")))


def broken(contact: str) -> Message:
    """Answers what the bot failed at by its own fault, after several tries."""
    return render(
        (
            Heading("The bot failed at this"),
            paragraph(
                "It tried several times. It did not go further than what the request itself says.",
                ("See how it stands: ", CodeText(f"{COMMAND} history")),
                ("Then tell ", Typed(contact), "."),
            ),
        )
    )
