"""What this process counts and times by itself. No label holds an id or a name: each has few values, known before."""

import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from bot.slack.results import Answer, Ok, RateLimited, Refused, SlackReply, SlackTransport
from storage.enums import AnswerKind

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300)
_ACKNOWLEDGED = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)


class Metrics:
    """The instruments of one process. Thread-safe."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._fincart = Histogram(
            "cancel_orders_fincart_call_seconds",
            "Calls to Fincart, by what was called and the class of its answer",
            ("call", "result"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        # Prometheus sees no increase in a series that begins at 1: the first such call would wake nobody.
        self._fincart.labels("cancel", AnswerKind.INDETERMINATE.name.lower())
        self._slack = Histogram(
            "cancel_orders_slack_call_seconds",
            "Calls to Slack, by method and the class of its answer",
            ("method", "result"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._edits = Counter("cancel_orders_message_edits", "Edits that Slack has taken", registry=self.registry)
        acknowledged = "Time until a command, click or form is stored and acknowledged"
        self._acknowledgement = Histogram(
            "cancel_orders_acknowledgement_seconds", acknowledged, buckets=_ACKNOWLEDGED, registry=self.registry
        )
        self.acknowledged = self._acknowledgement.observe

    def fincart_called(self, call: str, result: str, seconds: float) -> None:
        """A call to Fincart has ended."""
        self._fincart.labels(call, result).observe(seconds)

    def slack_called(self, method: str, answer: Answer[Any], seconds: float) -> None:
        """A call to Slack has ended."""
        match answer:
            case Ok():
                result = "ok"
            case Refused():
                result = "refused"
            case RateLimited():
                result = "rate_limited"
            case _:
                result = "unanswered"
        self._slack.labels(method, result).observe(seconds)
        if method == "chat.update" and result == "ok":
            self._edits.inc()


class MeasuredTransport:
    """A `SlackTransport` that times the calls of another."""

    def __init__(self, inner: SlackTransport, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.call`."""
        began = time.monotonic()
        return self._timed(method, self._inner.call(method, params, deadline_seconds), began)

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.post`."""
        began = time.monotonic()
        return self._timed("response_url", self._inner.post(url, body, deadline_seconds), began)

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        """See `SlackTransport.upload`."""
        began = time.monotonic()
        return self._timed("upload", self._inner.upload(url, content, deadline_seconds), began)

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        """See `SlackTransport.download`."""
        began = time.monotonic()
        answer = self._inner.download(url, limit_bytes, deadline_seconds)
        self._metrics.slack_called("download", answer, time.monotonic() - began)
        return answer

    def _timed(self, method: str, answer: Answer[SlackReply], began: float) -> Answer[SlackReply]:
        self._metrics.slack_called(method, answer, time.monotonic() - began)
        return answer
