"""All of the list."""

from .deciding import DECIDING
from .edges import EDGES
from .entry import Mutant
from .holding import HOLDING
from .keeping import KEEPING
from .late import LATE
from .limits import LIMITS
from .outcomes import OUTCOMES
from .sending import SENDING
from .telling import TELLING

MUTANTS: tuple[Mutant, ...] = (*SENDING, *HOLDING, *OUTCOMES, *LATE, *DECIDING, *LIMITS, *KEEPING, *TELLING, *EDGES)
