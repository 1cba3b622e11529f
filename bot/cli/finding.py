"""PURE: a finding of `check`: one line, which ends with the fix if something is wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    good: bool
    words: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.good else 'wrong'} {self.words}"


def good(words: str) -> CheckResult:
    """Make a passed check."""
    return CheckResult(True, words)


def wrong(words: str) -> CheckResult:
    """Make a failed check; the words end with the fix."""
    return CheckResult(False, words)
