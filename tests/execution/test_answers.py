"""What Fincart's answers say of Fincart itself: that it is busy, down, its token rejected, or well."""

from datetime import timedelta

import pytest

from bot.execution.response import note_about_fincart
from bot.fincart.client import Answer
from storage import send_gate
from storage.db.transactions import Database
from storage.enums import AnswerKind, HoldKind

OK = Answer(AnswerKind.OK, 200, "success")
REFUSED = Answer(AnswerKind.REFUSED, 400, "Order is locked")
TOKEN = Answer(AnswerKind.TOKEN, 401, "User is not authorized")
BUSY = Answer(AnswerKind.NOT_APPLIED, 429, "Too many requests", 30.0)
FAILED = Answer(AnswerKind.INDETERMINATE, 500, "Internal server error")
UNREACHABLE = Answer(AnswerKind.NOT_APPLIED, None, "Fincart could not be connected to")
DROPPED = Answer(AnswerKind.INDETERMINATE, None, "the connection to Fincart broke off before its answer came")


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        pytest.param([OK], [], id="well"),
        pytest.param([REFUSED] * 3, [], id="refusals are answers"),
        pytest.param([TOKEN], [HoldKind.TOKEN], id="the token is rejected"),
        pytest.param([BUSY], [HoldKind.RATE_LIMIT], id="busy"),
        pytest.param([FAILED] * 3, [HoldKind.DOWN], id="three failures in a row"),
        pytest.param([UNREACHABLE] * 3, [HoldKind.DOWN], id="three connect errors in a row"),
        pytest.param([FAILED, UNREACHABLE, FAILED], [HoldKind.DOWN], id="failures of both kinds in a row"),
        pytest.param([FAILED, UNREACHABLE], [], id="two failures"),
        pytest.param([FAILED, FAILED, OK, FAILED], [], id="an answer in between"),
        pytest.param([FAILED, FAILED, REFUSED, FAILED], [], id="a refusal in between"),
        pytest.param([FAILED, FAILED, BUSY, FAILED], [HoldKind.RATE_LIMIT], id="a 429 in between"),
        pytest.param([FAILED] * 3 + [OK], [], id="down and well again"),
        pytest.param([DROPPED] * 3, [], id="answers that were lost on the way"),
    ],
)
def test_what_holds_everything_after_these_answers(
    database_url: str, answers: list[Answer], held: list[HoldKind]
) -> None:
    database = Database(database_url)
    for answer in answers:
        with database.write() as transaction:
            note_about_fincart(transaction, answer)
    with database.read() as session:
        found = [row.kind for row in send_gate.in_force(session)]
    database.close()

    assert held == found


@pytest.mark.parametrize(("asked_for", "rests"), [(30.0, 30.0), (None, 1.0)])
def test_fincart_rests_for_as_long_as_it_asks(database_url: str, asked_for: float | None, rests: float) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        before = transaction.now()
        note_about_fincart(transaction, Answer(AnswerKind.NOT_APPLIED, 429, "Too many requests", asked_for))
        until = send_gate.state(transaction, before).until
    database.close()

    assert until is not None
    assert timedelta(0) <= until - before - timedelta(seconds=rests) < timedelta(seconds=1)
