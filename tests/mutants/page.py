"""The list as a page of the documentation: docs/mutants.md."""

from collections.abc import Sequence

from .entry import Mutant

_HEAD = """# Broken copies

Each row is a rule of the bot, broken on purpose in a copy of it, and the test that must notice. `make mutants` tries
them all, `make mutants SAMPLE=12` twelve of them; one that survives fails it. The list is in `tests/mutants/`, and this
page is written from it: `python -m tests.mutants WRITE=1`.

An entry names its rule by a function and a text in it, not by a file, so that it outlives moves of code. Where the
function or the text is no longer there, the entry is stale, and says so: name it anew, or let it go with its rule.

{count} rules.

| rule | who would be hurt without it | what notices |
|---|---|---|
"""


def page(mutants: Sequence[Mutant]) -> str:
    """The whole page."""
    rows = [f"| {_cell(each.rule)} | {_cell(each.hurts)} | {_test(each)} |" for each in mutants]
    return _HEAD.replace("{count}", str(len(rows))) + "\n".join(rows) + "\n"


def _test(mutant: Mutant) -> str:
    if mutant.seed is not None:
        return f"the simulation's seed {mutant.seed}"
    file, _, test = mutant.caught.partition("::")
    return f"`{test}` in `{file}`"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
