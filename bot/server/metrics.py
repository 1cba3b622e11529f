"""Serves `/metrics` on a port of its own. A scrape ends within seconds and never fails, whatever is away."""

import time
from collections.abc import Iterator

from prometheus_client import start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.metrics.figures import families, figures_of
from bot.server.health import Health
from storage.processes import installed_version


class _ProcessCollector(Collector):
    """What is asked of this process and its database at each scrape."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._figures = figures_of(health.bot.context.database)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing, so that registering reads nothing."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families."""
        build = GaugeMetricFamily("cancel_orders_build_info", "The installed version", labels=("version",))
        build.add_metric((installed_version(),), 1)
        yield build
        steps = GaugeMetricFamily(
            "cancel_orders_lane_last_step_timestamp_seconds", "When the worker's lane last stepped", labels=("lane",)
        )
        for lane, age in self._health.bot.worker.steps.ages().items():
            steps.add_metric((lane,), time.time() - age)
        yield steps
        yield _flag("ready", "Whether /readyz says that it is ready", not self._health.ready())
        yield _flag("database_writable", "Whether the database can be written", not self._health.database_trouble())
        if self._health.socket_mode is not None:
            connected = self._health.socket_mode.is_connected
            yield _flag("socket_connections", "Socket Mode connections of this process to Slack", connected)
        found = self._figures.get()
        yield _flag("scrape_ok", "Whether the figures of the database could be read", found is not None)
        yield from families(found) if found is not None else ()


def serve_metrics(health: Health, host: str, port: int) -> int:
    """Begin to serve, on a thread that ends with the process; returns the port. Raises OSError."""
    bot = health.bot
    bot.metrics.registry.register(_ProcessCollector(health))
    server, _ = start_http_server(port, host, bot.metrics.registry)
    bot.on_stopped.append(server.shutdown)
    bot.on_stopped.append(server.server_close)
    return int(server.server_address[1])


def _flag(name: str, meaning: str, value: bool) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cancel_orders_{name}", meaning, value=float(value))
