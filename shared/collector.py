"""How Python's garbage collector runs in a long-lived process.

By default it looks at young objects after every 700 new ones, and at all of them now and then. A batch of a thousand
events is many thousand objects, none of them garbage in a cycle, and looking at them again and again costs more than
reading them.
"""

import gc
from typing import Final

# A cycle of garbage waits a little longer: tens of thousands of small objects are some megabytes.
_YOUNG_OBJECTS: Final = 30_000
_YOUNG_ROUNDS: Final = 10
_OLD_ROUNDS: Final = 10


def settle() -> None:
    """Take what a program made at its start, and keeps, out of the collector's sight, and let it look less often.

    To be called once, when the program is put together and before it takes work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_ROUNDS, _OLD_ROUNDS)
