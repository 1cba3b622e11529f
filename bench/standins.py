"""The stand-in Slack and Fincart in a process of their own, so that their work is on nobody's clock."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bench.children import Child, child, options, say, words
from bot.sandbox.fincart.faults import Endpoint, Fault, FaultKind
from bot.sandbox.fincart.shells import FincartServer
from bot.sandbox.fincart.standin import FincartStandIn
from bot.sandbox.slack.http import SlackServer
from bot.sandbox.slack.workspace import SlackWorkspace

PERSON, CHANNEL = "U0000001", "C0000001"


@dataclass(frozen=True, slots=True)
class BenchWorld:
    """Where the stand-ins are, and what they let in."""

    slack_api_url: str
    slack_token: str
    signing_secret: str
    fincart_url: str
    fincart_token: str


def order_ids(count: int) -> list[str]:
    """The orders that the stand-in Fincart of a benchmark knows."""
    return [order_id(number) for number in range(count)]


def order_id(number: int) -> str:
    """One of them."""
    return f"{0x6864FECDA075914A00000000 + number:024x}"


@contextmanager
def standins(*, orders: int = 50, hang: bool = False, latency: float = 0.0) -> Iterator[BenchWorld]:
    """Run both. With `hang`, Fincart never answers anything; `latency` is seconds before each answer."""
    with counting_standins(orders=orders, hang=hang, latency=latency) as (world, _):
        yield world


@contextmanager
def counting_standins(
    *, orders: int = 50, hang: bool = False, latency: float = 0.0
) -> Iterator[tuple[BenchWorld, Child]]:
    """The same with its process, which answers any word with how many orders it got once, and how many more often."""
    with child("bench.standins", {"orders": orders, "hang": hang, "latency": latency}) as process:
        yield BenchWorld(**process.ready), process


def main() -> None:
    """Serve until the benchmark is over."""
    given = options()
    slack = SlackWorkspace(lambda: datetime.now(UTC))
    slack.add_person(PERSON, "ann")
    slack.add_channel(CHANNEL, "orders", PERSON)
    fincart = FincartStandIn(lambda: datetime.now(UTC))
    fincart.add(*order_ids(given["orders"]))
    for endpoint in Endpoint:
        if given["hang"]:
            fincart.inject(Fault(FaultKind.HANG, endpoint, times=None))
        elif given["latency"]:
            fincart.inject(Fault(FaultKind.SLOW, endpoint, seconds=given["latency"], times=None))
    with SlackServer(slack) as server, FincartServer(fincart) as fincart_server:
        world = BenchWorld(
            server.api_url,
            slack.state.bot_token,
            slack.state.signing_secret,
            fincart_server.url,
            fincart.settings.token,
        )
        say(asdict(world))
        for _ in words():
            times = Counter(order for call in fincart.cancel_calls for order in call.ids)
            say([sum(count == 1 for count in times.values()), sum(count > 1 for count in times.values())])


if __name__ == "__main__":
    main()
