"""The version before, loaded beside this one from a commit: a process of each shares one history and its database."""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import bot.slack.results
from storage.db.transactions import CommitUnanswered, StorageUnavailable

from . import clock, plan, process, threads

_TOPS = ("bot", "storage", "sqlmodel")
"""What each version has of its own: its code, and SQLModel, which knows each table once."""
_SIMULATION = "simulation_before"
_SHARED = {
    **{f"{_SIMULATION}.{module.__name__.rpartition('.')[2]}": module for module in (clock, plan, threads)},
    "bot.slack.results": bot.slack.results,
}
"""What lies outside of the processes, and so is one for both."""
_ERRORS = {error.__name__: error for error in (process.Died, StorageUnavailable, CommitUnanswered)}
"""What the simulation raises in a process, or catches."""


@dataclass(frozen=True)
class VersionBefore:
    """How its processes are made."""

    process: Any
    outside_world: Any
    dispatcher: Any
    render: Any
    load_settings: Callable[[Mapping[str, str], None], Any]
    setting_names: frozenset[str]

    def settings(self, given: Mapping[str, str]) -> Any:
        """Its settings, of those that it knows."""
        return self.load_settings({name: text for name, text in given.items() if name in self.setting_names}, None)


def version_in(folder: Path) -> VersionBefore:
    """The version whose files are in this folder."""
    loaded = _load(folder)
    for names in map(vars, loaded.values()):
        names |= {name: error for name, error in _ERRORS.items() if name in names}
    its_process, settings = vars(loaded[f"{_SIMULATION}.process"]), vars(loaded["bot.settings.model"])
    return VersionBefore(
        its_process["Process"],
        its_process["OutsideWorld"],
        vars(loaded["bot.execution.dispatcher"])["Dispatcher"],
        vars(loaded["bot.outbox.renderer"])["render"],
        settings["load_settings"],
        frozenset(settings["NAMES"]),
    )


def _load(folder: Path) -> dict[str, ModuleType]:
    """Import its modules while this version's stand aside."""
    package = ModuleType(_SIMULATION)
    package.__path__ = [str(folder / "tests" / "simulation")]
    mine = _set_aside()
    sys.path.insert(0, str(folder))
    try:
        sys.modules.update({_SIMULATION: package} | _SHARED)
        importlib.import_module(f"{_SIMULATION}.process")
        return _set_aside()
    finally:
        sys.path.remove(str(folder))
        _set_aside()
        sys.modules.update(mine)


def _set_aside() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in (*_TOPS, _SIMULATION)]
    return {name: sys.modules.pop(name) for name in names}
