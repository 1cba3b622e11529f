"""`python -m bench [NAME …]`: measure all, or what is named. Exit code 1 where an expectation is missed."""

import sys
from collections.abc import Callable
from functools import partial

from bench import acknowledgement, click, many, orders, past, status

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
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    held = [BENCHES[name]() for name in names]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
