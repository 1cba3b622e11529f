"""The Home tab: published when its owner opens it, and anew after they have pressed something there."""

from bot.context import Context
from bot.deliveries.handling import handling
from bot.domain.policy.decide import Act, Question
from bot.messages.home import RESULTS, closed_home_view, home_view
from bot.messages.waiting import MOST
from bot.outbox.enqueue import AnswerCode
from bot.outbox.read_model import request_facts, rules_facts
from bot.reports.history import may_approve
from bot.requests.authorize import authorize
from storage import history, requests
from storage.history import Search
from storage.slack_models import Delivery


def show_home(context: Context, delivery: Delivery, person: str) -> None:
    """Publish this person's tab as things stand now. A publication that fails is not repeated: the next opening is."""
    context.slack.publish_home(person, _view(context, person))
    with handling(context.database, delivery) as handled:
        handled.done(AnswerCode.SHOWN)


def publish(context: Context, person: str) -> None:
    """Publish it anew, after something was pressed there."""
    context.slack.publish_home(person, _view(context, person))


def _view(context: Context, person: str) -> dict[str, object]:
    authorization = authorize(context, Question(Act.READ, person))
    verdict, ids = authorization.verdict, authorization.ids
    if not verdict.allowed:
        return closed_home_view(verdict.rule, verdict.ask, verdict.code)
    approves = may_approve(context, person)
    with context.database.read() as session:
        now = context.database.now(session)
        waiting, _ = requests.waiting(session, ids, MOST)
        own = history.page(session, Search(requester=ids), RESULTS).requests
        return home_view(
            tuple(request_facts(session, request, now, ids) for request in waiting),
            tuple(request_facts(session, request, now) for request in own),
            rules_facts(context.settings),
            person,
            approves,
        )
