"""PURE: short private answers: input that could not be read, recorded, found or understood."""

from bot.domain.commands.order_ids import BadId
from bot.domain.commands.parser import ParseError
from bot.domain.commands.typed_text import as_typed
from bot.messages.document import CodeText, CommandText, Heading, Line, Note, Typed
from bot.messages.message import Message
from bot.messages.parse_errors import explain
from bot.messages.render import render
from bot.messages.words import paragraph

EXAMPLE = CommandText("6864fecda075914a1b1e353c, 6877b613a665f49134ef0001 because duplicate")


def not_read(error: ParseError | BadId, typed: str | None, command: str) -> Message:
    """Answers what could not be read, with the fix, an example and, where given, what was typed, to copy from."""
    lines: list[Line] = [(Typed(explain(error, command), 1500),)]
    if typed:
        lines.append(("You typed: ", Typed(as_typed(typed), 1000)))
    small = Note((("for example ", EXAMPLE), ("all it can do: ", CommandText("help"))))
    return render((Heading("That was not understood. Nothing was sent."), paragraph(*lines), small))


def could_not_record(contact: str) -> Message:
    """Answers input that could not be recorded: without a record nothing is sent."""
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
    """Answers input that may or may not have been recorded, because the connection to the database broke."""
    return render(
        (
            Heading("It is not known whether this was recorded"),
            paragraph(
                "The bot's database went away just then. If it was recorded, it is done once the database is back.",
                (
                    "Look at ",
                    CommandText("history"),
                    " before you try again. If it says nothing, ask ",
                    Typed(contact),
                    ".",
                ),
            ),
        )
    )


def button_not_known() -> Message:
    """Answers a button that this version lacks, or whose value it did not make."""
    return render(
        (
            Heading("This button is too old. Nothing was done."),
            paragraph(
                ("Look for the request in the list, and use its buttons there: ", CommandText("history")),
                ("All it can do: ", CommandText("help")),
            ),
        )
    )


def command_not_known(command: str) -> Message:
    """Answers a slash command that Slack sends and this app does not have."""
    return render(
        (
            Heading("This bot does not know that command. Nothing was done."),
            paragraph(("You typed: ", Typed(command, 60)), ("It answers to ", CommandText("help"))),
        )
    )


def form_gone() -> Message:
    """Answers a form whose draft no longer exists."""
    return render(
        (
            Heading("This form is too old. Nothing was sent."),
            paragraph(("Open a new one: type ", CommandText(), " with nothing after it.")),
        )
    )


def no_such_request(public_id: str) -> Message:
    """Answers `show` of a request that does not exist."""
    return render(
        (
            Heading("There is no such request"),
            paragraph(
                ("Nothing is recorded as ", CodeText(public_id), "."),
                ("Look for it by person, order or day: ", CommandText("history since:7d")),
            ),
        )
    )


def not_yet_recorded(contact: str) -> Message:
    """Tells a person that the database could not be reached when their command or press was handled."""
    return render(
        (
            Heading("This could not be recorded yet, so nothing was sent"),
            paragraph(
                "The bot's database is busy or full. The bot tries again by itself for as long as it takes.",
                ("Before you ask again, see whether it has gone through: ", CommandText("history")),
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
            paragraph(("Type ", CommandText(), " again, or put the order ids after it.")),
        )
    )


def confirm_form_not_opened() -> Message:
    """Answers a button whose form Slack did not open in time."""
    return render((Heading("The form could not be opened. Nothing was done."), paragraph("Press the button again.")))


def type_again() -> Message:
    """Answers a command or form that another version of the bot stored, in a form that this one cannot read."""
    return render(
        (
            Heading("The bot was updated meanwhile and cannot read this any more. Nothing was done."),
            paragraph(
                ("Type it again, or open the form again: ", CommandText()),
                ("How to write it: ", CommandText("help")),
            ),
        )
    )


def broken(contact: str) -> Message:
    """Answers a command or press that failed by the bot's own fault, after several attempts."""
    return render(
        (
            Heading("The bot failed at this"),
            paragraph(
                "It tried several times. It did not go further than what the request itself says.",
                ("See how it stands: ", CommandText("history")),
                ("Then tell ", Typed(contact), "."),
            ),
        )
    )
