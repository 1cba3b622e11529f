"""PURE: decides from an answer of Slack's that is not `ok` whether, when and how often to retry.

Error codes are those of Slack's method pages (docs.slack.dev/reference/methods, chat.postMessage and chat.update).
"""

LONGEST_PAUSE = 8.0
"""Seconds between two tries while Slack does not answer: a message is right within ten seconds of its recovery."""

TRIES_WHEN_REFUSED = 8
"""Some two minutes with growing pauses, in which somebody may mend what Slack refuses. Whatever the word is, known or
not, the answer is final then.
"""

TRIES_WHEN_UNANSWERED = 1000
"""Over two hours. Then a private message is of no more use, and any other that is unanswered while Slack takes others
is one that it cannot take.
"""

PAUSE_WITHOUT_ACCESS = 600.0
"""Seconds between two tries while Slack refuses the token: the check of the token says when it is over."""

TRIES_WHERE_IT_WAS = 32
"""A day with growing pauses, in which the channel that a live message has left may open again."""

_LONGEST_PAUSE_WHERE_IT_WAS = 3600.0

NO_ANSWER, RATE_LIMITED = "no answer", "ratelimited"
"""How a row's `trouble` begins where Slack has refused nothing."""

UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
"""Slack refuses the content of the message."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "block_mismatch"})
"""The message cannot be edited, but a new one may be posted."""

_CLOSED = frozenset(
    {
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "channel_not_found",
        "ekm_access_denied",
        "invalid_channel",
        "invalid_user_combination",
        "is_archived",
        "is_inactive",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "no_permission",
        "not_in_channel",
        "posting_to_channel_denied",
        "team_not_found",
        "thread_not_found",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
    }
)


def is_closed(code: str) -> bool:
    """Whether the bot can show nothing at that place until somebody changes something there."""
    return code in _CLOSED or code.startswith("restricted_action")


def was_refused(trouble: str) -> bool:
    """Whether the last try was refused, and not left without an answer."""
    return trouble != RATE_LIMITED and not trouble.startswith(NO_ANSWER)


def pause(tried: int) -> float:
    """Seconds until the next try of what Slack has not answered, after so many."""
    return min(LONGEST_PAUSE, 0.25 * 2.0 ** min(tried, 10))


def pause_when_refused(tried: int) -> float:
    """The same of what it refused."""
    return 2.0 ** min(tried - 1, 6)


def pause_where_it_was(tried: int) -> float:
    """The same for the message left in the old channel."""
    return min(_LONGEST_PAUSE_WHERE_IT_WAS, LONGEST_PAUSE * 2.0 ** min(tried, 10))
