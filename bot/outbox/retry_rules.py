"""PURE: what an answer of Slack's that is not `ok` means for a message: whether to try again, when, and how often.

Error codes are those of Slack's method pages (docs.slack.dev/reference/methods, chat.postMessage and chat.update).
"""

LONGEST_PAUSE = 8.0
"""Seconds between two tries: a message is right within ten seconds of Slack's recovery."""

TRIES_WHEN_CLOSED = 6
"""Some fifteen seconds, in which a channel may be opened again: an answer that does not change by itself is final."""

TRIES_WHEN_REFUSED = 1000
"""More than two hours, in which somebody may mend what makes Slack refuse it; for a private message also what makes
Slack not answer."""

TRIES_WHERE_IT_WAS = 32
"""A day, with growing pauses: for so long the channel that a message has left, or that a notice is for, may be opened
again."""

_LONGEST_PAUSE_WHERE_IT_WAS = 3600.0

UNFIT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
"""Slack dislikes what the message holds."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "block_mismatch"})
"""The message cannot be edited; a new one may be posted."""

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
    """Whether Slack lets the bot show nothing at that place, and will not until somebody changes something there."""
    return code in _CLOSED or code.startswith("restricted_action")


def tries(code: str) -> int:
    """How often a message that Slack refuses so is tried in all."""
    return TRIES_WHEN_CLOSED if is_closed(code) else TRIES_WHEN_REFUSED


def pause(tried: int) -> float:
    """Seconds until a message that has been tried so often is tried again."""
    return min(LONGEST_PAUSE, 0.25 * 2.0 ** min(tried, 10))


def pause_where_it_was(tried: int) -> float:
    """The same for what stands where the message was before."""
    return min(_LONGEST_PAUSE_WHERE_IT_WAS, LONGEST_PAUSE * 2.0 ** min(tried, 10))
