"""The Home tab: published when its owner opens it, and again after they click something there."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import Context, names_of
from bot.deliveries.handling import handling
from bot.domain.policy.decide import Act, Question
from bot.messages.home import RESULTS, HomeFacts, closed_home_view, home_view
from bot.messages.waiting import MOST
from bot.outbox.contents import ReportContent
from bot.outbox.history_search import zone_of
from bot.outbox.read_model import request_facts, rules_facts
from bot.outbox.report_figures import figures_of, last_days
from bot.reports.history import may_approve
from bot.requests.authorize import authorize
from storage import history, requests
from storage.enums import AnswerCode
from storage.slack_models import Delivery


def show_home(context: Context, delivery: Delivery, person: str) -> None:
    """Publish this person's tab. A failed publication is not retried; the next opening publishes again."""
    context.slack.publish_home(person, _view(context, person))
    with handling(context.database, delivery) as handled:
        handled.done(AnswerCode.SHOWN)


def publish(context: Context, person: str) -> None:
    """Publish the tab again, after a click there."""
    context.slack.publish_home(person, _view(context, person))


def _view(context: Context, person: str) -> dict[str, object]:
    authorization = authorize(context, Question(Act.READ, person))
    verdict, ids = authorization.verdict, authorization.ids
    if not verdict.allowed:
        return closed_home_view(verdict.rule, verdict.ask, verdict.code, names_of(context.settings))
    approves = may_approve(context, person)
    week = last_days(zone_of(context.people.person(person)))
    with context.database.read() as session:
        facts = home_facts(session, ids, week, context.database.now(session))
    return home_view(facts, rules_facts(context.settings), person, approves)


def home_facts(session: Session, ids: Collection[str], week: ReportContent, now: datetime) -> HomeFacts:
    """What the tab of the person with these ids is about: the week's figures, what waits, and their own requests."""
    waiting, count = requests.waiting(session, ids, MOST)
    own = history.asked_by(session, ids, RESULTS)
    return HomeFacts(
        figures_of(session, week, now),
        tuple(request_facts(session, request, now, ids) for request in waiting),
        count,
        tuple(request_facts(session, request, now) for request in own),
    )
