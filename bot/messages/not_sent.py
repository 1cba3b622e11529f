"""PURE: why orders of a request were not sent, as stored in their `words` and shown beside them."""

from enum import StrEnum
from typing import assert_never


class NotSent(StrEnum):
    """Every reason for which the bot itself leaves orders unsent."""

    APPROVAL_RAN_OUT = "approval_ran_out"
    TOKEN_REJECTED = "token_rejected"
    IN_ANOTHER_REQUEST = "in_another_request"
    NOT_ACTED_ON = "not_acted_on"
    STOPPED = "stopped"


def not_sent_words(why: NotSent, detail: str = "", contact: str = "an administrator") -> str:
    """One sentence for people. `detail` is the other request's id, Fincart's words, or the name of who stopped it."""
    said = f" ({detail})" if detail else ""
    match why:
        case NotSent.APPROVAL_RAN_OUT:
            return "the approval ran out before these were sent"
        case NotSent.TOKEN_REJECTED:
            return f"Fincart rejected the bot's token{said}; ask {contact} to renew it"
        case NotSent.IN_ANOTHER_REQUEST:
            return f"this order was just then in flight for another request{said}"
        case NotSent.NOT_ACTED_ON:
            return f"Fincart could not be reached or was busy, and did not act on the call{said}"
        case NotSent.STOPPED:
            return f"the run was stopped{said}"
        case _:
            assert_never(why)
