"""Requests that are in a database without anybody having typed them: for what only the database decides."""

from collections.abc import Callable
from datetime import datetime

import httpx

from bot.app import Bot, build
from bot.settings.model import load_settings
from storage import requests
from storage.db.transactions import Transaction
from storage.enums import Origin, RequestState
from storage.id_source import IdSource
from storage.models import Request
from storage.requests import NewOrder, NewRequest


def made(transaction: Transaction, public_id: str = "R-000001", orders: int = 3) -> Request:
    """A request that nobody has judged yet."""
    new = NewRequest(
        public_id=public_id,
        delivery_id=f"delivery of {public_id}",
        team_id="T0000001",
        requester="U0000001",
        channel_id="C0000001",
        origin=Origin.COMMAND,
        reason="duplicate",
        orders=[NewOrder(f"6864fecda075914a{number:08x}") for number in range(orders)],
        order_count=orders,
        source=IdSource(),
    )
    return requests.make(transaction, new, transaction.now())


def approved(transaction: Transaction, public_id: str = "R-000001", orders: int = 3) -> Request:
    """A request that may be sent from now on."""
    request, now = made(transaction, public_id, orders), transaction.now()
    for state in (RequestState.CONFIRMING, RequestState.APPROVED):
        assert requests.move(transaction, request, state, due_at=now)
    return request


def bot_on(
    database_url: str,
    fincart: Callable[[httpx.Request], httpx.Response],
    clock: Callable[[], datetime] | None = None,
    **settings: str,
) -> Bot:
    """A bot on this database that has not been started, and what answers its calls to Fincart."""
    given = {
        "SLACK_BOT_TOKEN": "xoxb-1-tests",
        "SLACK_SIGNING_SECRET": "secret-of-the-tests",
        "FINCART_TOKEN": "token-of-the-tests",
        "DATABASE_URL": database_url,
        "ALLOWED_USERS": "U0000001",
        **settings,
    }
    return build(load_settings(given, None), fincart_transport=httpx.MockTransport(fincart), clock=clock)
