"""The pages of docs/operations/ and their drills do not part."""

import re
from pathlib import Path

from drill import PAGES

LONGEST = 80
"""Lines of a page: whoever is on call reads it whole."""


def with_commands() -> set[str]:
    return {page.name for page in PAGES.glob("*.md") if "```console\n" in page.read_text(encoding="utf-8")}


def test_every_page_with_commands_has_its_drill() -> None:
    drills = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_drill*.py"))

    assert with_commands() == set(re.findall(r'(?:play|Drill)\("([\w-]+\.md)"', drills))


def test_a_page_is_short() -> None:
    lengths = {name: len((PAGES / name).read_text(encoding="utf-8").splitlines()) for name in with_commands()}

    assert {} == {name: length for name, length in lengths.items() if length > LONGEST}
