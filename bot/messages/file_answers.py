"""PURE: why a file could not be fetched, and what to do instead."""

from bot.domain.commands.parser import COMMAND
from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.messages.document import CodeText, Heading, Typed
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.words import paragraph

_AS_CSV = "Download it as CSV to your own computer, and choose the downloaded file in the form."


def file_not_fetched(why: NotFetched, contact: str) -> Message:
    """Answers a file that Slack did not hand over."""
    return render(
        (
            Heading("The file could not be fetched from Slack"),
            paragraph(
                "Nothing was sent.",
                (Typed(file_trouble(why, contact), 600),),
                ("Or paste the order ids into the form: type ", CodeText(COMMAND), " with nothing after it."),
            ),
        )
    )


def file_trouble(why: NotFetched, contact: str) -> str:
    """Why a file could not be fetched, and its fix: in plain text, for a form's field too."""
    match why.trouble:
        case Trouble.ELSEWHERE:
            place = f"in {why.detail}" if why.detail else "by another service"
            return f"The file is kept {place}, not in Slack, and the bot fetches files from Slack alone. {_AS_CSV}"
        case Trouble.GONE:
            return "Slack does not have the file any more: it was deleted or hidden. Choose it again."
        case Trouble.NOT_SEEN:
            return f"Slack does not let the bot see this file: another organisation may have shared it. {_AS_CSV}"
        case Trouble.SCOPE:
            scope = why.detail or "files:read"
            return (
                f"Slack does not let the bot read files: the app lacks the scope {scope}, or its token is not accepted "
                f"any more. Ask {contact} to add {scope} under OAuth & Permissions and to install the app again."
            )
        case Trouble.TOKEN:
            return f"Slack does not accept the bot's token any more. Ask {contact} to install the app again."
        case Trouble.LIMITED:
            wait = "a second" if why.detail == "1" else f"{why.detail} seconds"
            return f"Slack asks the bot to wait {wait} before the next call. Send the form again after that."
        case Trouble.REFUSED:
            return f"Slack refused it ({why.detail}). Tell {contact}."
        case Trouble.NO_ANSWER:
            return f"Slack did not answer in time. Try again in a minute. If it happens again, ask {contact}."
