"""Signed 50-order commands, as Slack would deliver them."""

import hashlib
import hmac
import itertools
import time
from urllib.parse import urlencode

from bench.standins import CHANNEL, PERSON, BenchWorld, order_ids

ORDERS = 50
KNOWN_ORDERS = 1000 * ORDERS
"""Orders that the stand-in Fincart knows: commands ask for them by turns, since nobody asks a thousand times in a
minute for the same fifty (each preview would say in which of a thousand open requests they are already)."""
_ID = order_ids(KNOWN_ORDERS)
_number = itertools.count(1)


def signed_command(world: BenchWorld, text: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a command that nobody has delivered yet: 50 orders, or what is given."""
    number = next(_number)
    first = number * ORDERS % KNOWN_ORDERS
    fields = {
        "token": "deprecated",
        "team_id": "T0000001",
        "team_domain": "bench",
        "channel_id": CHANNEL,
        "channel_name": "orders",
        "user_id": PERSON,
        "user_name": "ann",
        "command": "/cancel-orders",
        "text": text or " ".join(_ID[first : first + ORDERS]) + " because duplicate",
        "api_app_id": "A0000001",
        "is_enterprise_install": "false",
        "response_url": "",
        "trigger_id": f"{time.time_ns()}.{number}",
    }
    body = urlencode(fields).encode()
    stamp = str(int(time.time()))
    digest = hmac.new(world.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }
