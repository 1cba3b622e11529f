"""The stand-in Fincart of the demo, with its faults as switches that a person can turn on and off."""

from dataclasses import replace
from enum import StrEnum

from bot.sandbox.demo.orders import demo_orders
from bot.sandbox.fincart.faults import Applied, Endpoint, Fault, FaultKind
from bot.sandbox.fincart.standin import FincartStandIn

LAG_SECONDS = 30.0


class Switch(StrEnum):
    """The faults to switch on. One-shot switches go off by themselves."""

    REFUSE_ONE = "refuse_one"
    REFUSE_AFTER_REST = "refuse_after_rest"
    DROP_ANSWER = "drop_answer"
    HANG = "hang"
    RATE_LIMIT = "rate_limit"
    LOGS_UNREADABLE = "logs_unreadable"
    LAGGING_LOG = "lagging_log"
    TOKEN_REJECTED = "token_rejected"


ABOUT_ONE_ORDER = frozenset({Switch.REFUSE_ONE, Switch.REFUSE_AFTER_REST})
"""Switches that need to be told which order."""

_TEMPLATES = {
    Switch.REFUSE_ONE: Fault(FaultKind.BAD_ID, times=None),
    Switch.REFUSE_AFTER_REST: Fault(FaultKind.BAD_ID, applied=Applied.REST),
    Switch.DROP_ANSWER: Fault(FaultKind.DROP, applied=Applied.ALL),
    Switch.HANG: Fault(FaultKind.HANG),
    Switch.RATE_LIMIT: Fault(FaultKind.RATE_LIMITED, retry_after="5"),
    Switch.LOGS_UNREADABLE: Fault(FaultKind.GARBAGE, Endpoint.LOGS, times=None),
}


class DemoFincart(FincartStandIn):
    """A stand-in with switches."""

    def settle_in(self) -> None:
        """Add the demo's orders."""
        for number, order in enumerate(demo_orders()):
            self.add(order.id, title=order.title, description=order.description, age=3600.0 + 311 * number)

    def turn(self, switch: Switch, on: bool, order_id: str = "") -> None:
        """Turn a switch on or off. Raises ValueError if it needs an order that does not exist."""
        with self._changed:
            if switch is Switch.LAGGING_LOG:
                self.settings.log_lag = LAG_SECONDS if on else 0.0
            elif switch is Switch.TOKEN_REJECTED:
                self.settings.token_rejected = on
            else:
                self._turn_fault(switch, on, order_id)
            self._changed.notify_all()

    def switches(self) -> dict[Switch, str]:
        """The switches that are on, each with its order's id or nothing."""
        with self._changed:
            on = {switch: self._order_of(switch) for switch in _TEMPLATES if self._queued(switch)}
            if self.settings.log_lag:
                on[Switch.LAGGING_LOG] = ""
            if self.settings.token_rejected:
                on[Switch.TOKEN_REJECTED] = ""
            return on

    def _turn_fault(self, switch: Switch, on: bool, order_id: str) -> None:
        if switch in ABOUT_ONE_ORDER and on and order_id not in self._orders.lines:
            raise ValueError(f"there is no order {order_id or 'chosen'}")
        self._state.faults = [fault for fault in self._state.faults if fault not in self._queued(switch)]
        if not on:
            if switch is Switch.HANG:
                self.release()
            return
        wanted = order_id if switch in ABOUT_ONE_ORDER else None
        self._state.faults.append(replace(_TEMPLATES[switch], order_id=wanted))

    def _queued(self, switch: Switch) -> list[Fault]:
        like = _TEMPLATES[switch]
        return [
            fault
            for fault in self._state.faults
            if (fault.kind, fault.endpoint, fault.applied) == (like.kind, like.endpoint, like.applied)
        ]

    def _order_of(self, switch: Switch) -> str:
        return next((fault.order_id for fault in self._queued(switch) if fault.order_id), "")
