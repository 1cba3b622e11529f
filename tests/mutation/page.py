"""The results as a page of the documentation: docs/mutation.md."""

from collections.abc import Sequence
from typing import Any

from .results import Module

_HEAD = """# Broken line by line

`make mutate` breaks the pure modules line by line, with [mutmut](https://mutmut.readthedocs.io), and runs the tests
that enter there. It takes about a quarter of an hour and is no part of what is run before a merge; `make mutate
ONLY=outcome` tries one of them. A change that survives fails it unless `tests/mutation/survivors.toml` says why it may.
This page is written from the results: `make mutate WRITE=1`.

Some changes do not pass the type checker, which every merge runs; tests are not tried on them. "Before" and "after" are
the shares that tests notice of the others, before tests were written for what had survived and now. Only tests that
enter at the pure modules are run: those with 0 % before were held from where a person enters alone.

mutmut changes nothing outside functions (patterns, tables, defaults of fields) nor in properties: the tables in the
tests and [the broken copies](mutants.md) are for those.

| module | changes | stopped by types | before | after | survive |
|---|---|---|---|---|---|
"""


def page(modules: Sequence[Module], known: dict[str, Any]) -> str:
    """The whole page."""
    rows = [
        f"| `{each.name}` | {each.mutants} | {each.by_types} | {known['before'][each.name]} % | {each.percent:.0f} % "
        f"| {len(each.left)} |"
        for each in modules
    ]
    return _HEAD + "\n".join(rows) + "\n\n## What survives, and why it may\n\n" + _survivors(known["survivors"])


def _survivors(known: Sequence[dict[str, str]]) -> str:
    parts = [f"`{each['where']}`: {each['reason']}\n\n```diff\n{each['change']}\n```\n" for each in known]
    return "\n".join(parts)
