"""A log that shows a cancellation by an archived request is not taken for a later request's own doing."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from stored import approved, bot_on

from bot.domain.outcome.decide import LastLog
from bot.execution.attribution import with_attribution
from bot.execution.evidence import EvidenceBuilder
from storage import order_lines
from storage.archive_models import KnownOrder
from storage.enums import AnswerKind
from storage.models import Attempt


@pytest.mark.parametrize(("seconds", "by"), [(-3600, "R-0LD000"), (3, "R-0LD000"), (60, None)])
def test_only_a_cancellation_before_the_first_send_is_the_archived_ones(
    sqlite_url: str, seconds: int, by: str | None
) -> None:
    bot = bot_on(sqlite_url, lambda _: httpx.Response(500))
    with bot.context.database.write() as transaction:
        request = approved(transaction, orders=1)
        sent = request.created_at
        line = order_lines.at(transaction, request, "0")[0]._replace(first_sent_at=sent)
        call = Attempt(
            id=1,
            request_seq=request.seq or 0,
            positions="0",
            order_count=1,
            planned_at=sent,
            ended_at=sent,
            result=AnswerKind.INDETERMINATE,
        )
        transaction.session.add(KnownOrder(order_id=line.order_id, cancelled_by="R-0LD000"))
        transaction.session.flush()
        at = sent + timedelta(seconds=seconds)
        log = LastLog(read_at=sent, status="cancelled", changed_at=at, cancelled_at=at, by="Merchant")
        evidence = EvidenceBuilder([], sending_allowed=True).of(line)
        found = with_attribution(bot.context, transaction, request, [call], [(line, replace(evidence, log=log))])
    bot.context.database.close()

    assert [by] == [each.cancelled_by_request for each in found]
