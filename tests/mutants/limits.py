"""How many orders one person's requests may be let run with in a day."""

from .entry import Mutant

LIMITS = (
    Mutant(
        rule="The day's quota is the UTC day's",
        hurts="On a host in another zone a person's day begins anew in the middle of it",
        where="day_of",
        text="at.astimezone(UTC).date()",
        to="at.astimezone().date()",
        caught="tests/database/test_quotas.py::test_the_day_is_utcs_wherever_the_host_is[sqlite]",
    ),
    Mutant(
        rule="Of two requests that race for what is left of a day one gets it",
        hurts="Somebody cancels twice what one person may in a day",
        where="take",
        text="where=None if limit is None else more <= limit",
        to="where=None",
        caught="tests/database/test_quotas.py::test_what_fits_is_counted_and_what_does_not_is_not[sqlite]",
    ),
    Mutant(
        rule="The first request of a day is held to the limit too",
        hurts="Somebody cancels far more in a day than one person may",
        where="take",
        text="if limit is not None and orders > limit:",
        to="if False:",
        caught="tests/database/test_quotas.py::test_the_first_request_of_a_day_is_held_to_the_limit_too[sqlite]",
    ),
    Mutant(
        rule="Orders count to the day of whoever asked, not of whoever approved",
        hurts="Somebody asks without end, as long as others approve",
        where="let_run",
        text="quotas.take(transaction, request.person, request.order_count, limit, now, ids)",
        to="quotas.take(transaction, by, request.order_count, limit, now, {by})",
        caught="tests/database/test_quotas.py::test_what_is_asked_counts_for_whoever_asked_when_it_is_approved[sqlite]",
    ),
    Mutant(
        rule="What a person's other ids have used up of a day is not left to them",
        hurts="Two requests at once cancel more than a day allows",
        where="take",
        text="limit -= used(transaction.session, min(others), at, others)",
        to="limit -= 0",
        caught="tests/database/test_quotas.py::"
        "test_what_another_id_of_the_person_has_used_up_is_left_to_nobody[sqlite]",
    ),
)
