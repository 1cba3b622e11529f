"""Request ids: `R-` and six characters that are hard to confuse, at least one of them a digit."""

from random import Random

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O, U."""

_DIGITS = frozenset("0123456789")


class RequestIds:
    """Draws random ids; the database detects collisions."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def new(self) -> str:
        """Draw an id such as `R-7K3F9Q`."""
        while True:
            drawn = "".join(self._chance.choices(ALPHABET, k=6))
            if _DIGITS & set(drawn):
                return f"R-{drawn}"
