"""`python -m bench [NAME …]`: measure all, or what is named. Exit code 1 where an expectation is missed."""

import sys
from collections.abc import Callable
from functools import partial

from bench import acknowledgement, click, large, many, orders, past, status

BENCHES: dict[str, Callable[[], bool]] = {
    "acknowledgement": acknowledgement.run,
    "click": click.run,
    "orders": orders.run,
    "slow-orders": partial(orders.run, latency=0.250, longest=1.1),
    "many": many.run,
    "history": past.history_page,
    "verify": past.audit_verify,
    "rows": past.audit_rows,
    "status": status.run,
    "growth": large.growth,
}
LONG: dict[str, Callable[[], bool]] = {
    "million-rows": partial(past.audit_rows, 1_000_000, longest=120),
    "large": large.looks,
}
"""A quarter of an hour and up to 10 GB of disk each: measured only where named."""


def main() -> None:
    names, there_are = sys.argv[1:] or list(BENCHES), BENCHES | LONG
    unknown = [name for name in names if name not in there_are]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(there_are)}")
    held = [there_are[name]() for name in names]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
