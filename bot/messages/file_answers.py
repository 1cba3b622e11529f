"""PURE: why a file could not be fetched, and what to do instead."""

from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.messages.document import CommandText, Heading, Typed
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.words import paragraph

_AS_CSV = "Download it as CSV to your own computer, and choose the downloaded file in the form."


def file_not_fetched(why: NotFetched, contact: str) -> Message:
    """Answers a file that Slack did not hand over."""
    return render(
        (
            Heading("The file could not be fetched from Slack. Nothing was sent."),
            paragraph(
                (Typed(file_trouble(why, contact), 600),),
                ("Or paste the order ids into the form: type ", CommandText(), " with nothing after it."),
            ),
        )
    )


def file_trouble(why: NotFetched, contact: str) -> str:
    """Why a file could not be fetched, and its fix: in plain text, for a form's field too."""
    return _TROUBLES[why.trouble].format(
        contact=contact,
        as_csv=_AS_CSV,
        detail=why.detail,
        place=f"in {why.detail}" if why.detail else "by another service",
        scope=why.detail or "files:read",
        wait="a second" if why.detail == "1" else f"{why.detail} seconds",
    )


_TROUBLES = {
    Trouble.EXTERNAL: "The file is kept {place}, not in Slack, and the bot fetches files from Slack alone. {as_csv}",
    Trouble.GONE: "Slack does not have the file any more: it was deleted or hidden. Choose it again.",
    Trouble.NOT_VISIBLE: "Slack does not let the bot see this file: another organisation may have shared it. {as_csv}",
    Trouble.SCOPE: (
        "Slack does not let the bot read files: the app lacks the scope {scope}, or its token is not accepted "
        "any more. Ask {contact} to add {scope} under OAuth & Permissions and to install the app again."
    ),
    Trouble.TOKEN: "Slack does not accept the bot's token any more. Ask {contact} to install the app again.",
    Trouble.LIMITED: "Slack asks the bot to wait {wait} before the next call. Send the form again after that.",
    Trouble.REFUSED: "Slack refused it ({detail}). Tell {contact}.",
    Trouble.NO_ANSWER: "Slack did not answer in time. Try again in a minute. If it happens again, ask {contact}.",
}
