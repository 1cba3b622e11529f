"""What is not documented does not exist: every word people meet has its row in docs/, and every row its word."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from bot.domain.commands.parser import WORDS
from bot.domain.policy.decide import VerdictCode
from bot.messages.actions import Action
from bot.settings.fields import FILE_NAMES
from bot.settings.model import NAMES
from bot.slack.manifest import SCOPES, manifest_text
from storage import models
from storage.enums import MOVES, AnswerCode, AnswerKind, Doubt, EventKind, MessageKind, Outcome, Proof, RequestState
from storage.log_events import LogEvent

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
OPERATIONS = ROOT / "docs" / "operations"

ROW = re.compile(r"^\| (`[^|]*?) \|", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def section(text: str, heading: str) -> str:
    """The text under a heading, down to the next of its level or above; all of the text for no heading."""
    if not heading:
        return text
    level = heading.count("#", 0, heading.index(" "))
    start = re.search(rf"^{re.escape(heading)}\n", text, re.MULTILINE)
    assert start is not None, f"there is no heading {heading}"
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(page: str, heading: str = "") -> list[str]:
    """What stands as code in the first cells of the tables under a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [word for cell in ROW.findall(section(text, heading)) for word in CODE.findall(cell)]


@pytest.mark.parametrize(
    ("words", "page", "heading"),
    [
        (RequestState, "states.md", ""),
        (Outcome, "truth.md", "## Outcomes"),
        (Proof, "truth.md", "## Proofs"),
        (AnswerKind, "truth.md", "## What an answer is"),
        (Doubt, "truth.md", "## Doubt"),
        (EventKind, "audit.md", "## Events"),
        (VerdictCode, "refusals.md", ""),
        (MessageKind, "messages.md", "## Kinds"),
        (AnswerCode, "messages.md", "## Private answers"),
        (Action, "messages.md", "## Buttons"),
        (LogEvent, "operations/log.md", "## Events"),
    ],
)
def test_every_word_of_a_closed_set_has_its_row(words: type[StrEnum], page: str, heading: str) -> None:
    assert sorted(word.value for word in words) == sorted(rows(page, heading))


def test_every_keyword_has_its_row() -> None:
    assert sorted(WORDS) == sorted(rows("commands.md", "## Keywords"))


@pytest.mark.parametrize("keyword", WORDS)
def test_a_keyword_is_documented_as_help_shows_it(keyword: str) -> None:
    usage = WORDS[keyword].usage.replace("|", "\\|")

    assert f"| `{keyword}` | `{usage}` |" in DOCS["commands.md"]


def test_every_setting_has_its_row() -> None:
    assert sorted(NAMES) == sorted(rows("settings.md"))


OF_EVERY_PROGRAM = {"HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
"""Variables of the environment that are no setting of this bot's, and are heeded."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_no_page_speaks_of_a_setting_that_does_not_exist(page: Path) -> None:
    spoken_of = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[`=]", page.read_text(encoding="utf-8")))

    assert set() == spoken_of - {*NAMES, *FILE_NAMES} - OF_EVERY_PROGRAM


def test_every_table_has_its_section() -> None:
    assert models.Request.metadata is SQLModel.metadata
    assert sorted(SQLModel.metadata.tables) == sorted(re.findall(r"^## `(\w+)`$", DOCS["data.md"], re.MULTILINE))


@pytest.mark.parametrize("table", SQLModel.metadata.tables)
def test_every_column_has_its_row_in_the_tables_order(table: str) -> None:
    assert [column.name for column in SQLModel.metadata.tables[table].columns] == rows("data.md", f"## `{table}`")


def test_the_map_names_every_folder_and_module_of_the_bot_and_none_that_is_not_there() -> None:
    map_of_bot = section(DOCS["architecture.md"], "## Where to look").partition("`storage/`")[0]
    bot = ROOT / "bot"
    found = {f"{path.parent.relative_to(bot)}/" for path in bot.glob("**/*.py")} | {
        path.name for path in bot.glob("*.py")
    }
    inner = {name for name in found if name.count("/") > 1 and not name.startswith("domain/")}

    assert found - inner - {"./", "domain/", "__init__.py"} == set(re.findall(r"`([a-z_/]+(?:/|\.py))`", map_of_bot))


def test_every_scope_has_its_row_with_the_manifests_reason() -> None:
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", section(security, "## What each scope is for"), re.MULTILINE))

    assert told == SCOPES


def test_the_manifest_that_the_readme_says_to_paste_is_the_one_printed() -> None:
    assert manifest_text() == (ROOT / "manifest.yml").read_text(encoding="utf-8")


def drawing(text: str) -> list[str]:
    """The drawing of the states, without what it is indented by."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith("preparing ──"))
    indent = len(lines[start]) - len(lines[start].lstrip())
    drawn = []
    for line in lines[start:]:
        if not line.strip() or line.strip().startswith("```"):
            break
        drawn.append(line[indent:])
    return drawn


def moves_drawn(lines: list[str]) -> set[tuple[str, str]]:
    """Every move of the drawing: a trunk that begins at `┬` leads on from the state before it, wherever it branches."""
    moves: set[tuple[str, str]] = set()
    trunks: dict[int, str] = {}
    for line in lines:
        without_note = re.split(r"(?<=[a-z])\s{4,}", line)[0]
        source = ""
        for part in re.finditer(r"[┬├└]|[a-z]+(?: \| [a-z]+)*", without_note):
            if part[0] == "┬":
                trunks[part.start()] = source
            elif part[0] in "├└":
                source = trunks[part.start()]
            else:
                states = part[0].split(" | ")
                moves |= {(source, state) for state in states if source}
                source = states[-1]
    return moves


def test_the_drawing_in_the_docs_is_the_one_beside_the_enum() -> None:
    assert drawing(RequestState.__doc__ or "") == drawing(DOCS["states.md"])


def test_the_drawing_shows_every_move_and_no_other() -> None:
    allowed = {(state.value, to.value) for state, following in MOVES.items() for to in following}

    assert allowed == moves_drawn(drawing(DOCS["states.md"]))


def makefile_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_make_target_that_is_spoken_of_exists(page: Path) -> None:
    spoken_of = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert set() == spoken_of - makefile_targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_module_that_is_spoken_of_exists(page: Path) -> None:
    spoken_of = re.findall(r"`((?:bot|storage|tests)/[\w/*.]+)`", page.read_text(encoding="utf-8"))

    assert [] == [path for path in spoken_of if not list(ROOT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("page", sorted(DOCS))
def test_the_readme_leads_to_every_page(page: str) -> None:
    assert f"(docs/{page})" in README


@pytest.mark.parametrize("page", sorted(path.name for path in OPERATIONS.glob("[a-z]*.md")))
def test_the_page_for_whoever_is_on_call_leads_to_every_other(page: str) -> None:
    index = (OPERATIONS / "README.md").read_text(encoding="utf-8")

    assert "(docs/operations/README.md)" in README
    assert 1 == index.count(f"\n- [{page}]({page}): ")


def test_the_readme_shows_every_picture_in_light_and_dark() -> None:
    shown = re.findall(r"docs/images/([a-z-]+)\.png", README)

    assert sorted(path.stem for path in (ROOT / "docs" / "images").glob("*.png")) == sorted(shown)
    assert {"preview", "result", "approval", "report", "home"} <= {name.removesuffix("-dark") for name in shown}
