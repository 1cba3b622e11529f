"""PURE: what `check` finds: one line that is as it must be, or ends with the fix."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that is as it must be, or is not."""

    good: bool
    words: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.good else 'wrong'} {self.words}"


def good(words: str) -> CheckResult:
    """It is as it must be."""
    return CheckResult(True, words)


def wrong(words: str) -> CheckResult:
    """It is not; the words end with the fix."""
    return CheckResult(False, words)
