"""What can happen in a world, with what is left to choose of each: the one list that every teller chooses from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.faults.sim import disks, trouble, work
from tests.faults.sim.clocks import DAY_SECONDS
from tests.faults.sim.fuses import Place
from tests.faults.sim.network import HEALTHY_SECONDS
from tests.faults.sim.template import CLIENTS, MAX_BOXES


@dataclass(frozen=True)
class Happening:
    """One thing that can happen.

    Attributes:
        do: lets it happen in a world.
        choices: the arguments that are left to choose, and what each may be, the simplest first.
    """

    do: Callable[..., None]
    choices: Mapping[str, Sequence[Any]]


def _may(do: Callable[..., None], **choices: Sequence[Any]) -> Happening:
    return Happening(do, choices)


_BOX: Final = range(MAX_BOXES)
_COPY: Final = range(4)
_EITHER: Final = (False, True)
_PLACE: Final = tuple(Place)

_WRITE: Final = _may(work.write, box=_BOX, count=(1, 2, 5, 40), aggregate=range(4))
# What a clinic does all day, as often as it stands here.
WORK: Final[tuple[tuple[Happening, ...], ...]] = (
    (_WRITE,),
    (_WRITE,),
    (_may(work.photograph, box=_BOX, size=(300, 300, 300, 300, 150_000), analysed=_EITHER),),
    (_may(work.book, box=_BOX, days=range(3)),),
)
TROUBLES: Final[Mapping[str, tuple[Happening, ...]]] = {
    "lossy": (
        _may(
            trouble.storm,
            box=_BOX,
            up=_EITHER,
            drop=(0.0, 0.3),
            duplicate=(0.0, 0.3),
            corrupt=(0.0, 0.1),
            delay=(HEALTHY_SECONDS[1], 10.0, 600.0, DAY_SECONDS),
        ),
    ),
    "one way": (_may(trouble.cut_one_way, box=_BOX, up=_EITHER),),
    "broker": (_may(trouble.restart_broker),),
    "unplug": (_may(trouble.unplug, box=_BOX),),
    "clear up": (_may(trouble.clear_up),),
    "box killed": (_may(trouble.crash_box, box=_BOX),),
    "hub killed": (_may(trouble.crash_hub),),
    "box dies": (_may(trouble.light_box, box=_BOX, place=_PLACE, after=range(1, 6)),),
    "hub dies": (_may(trouble.light_hub, place=_PLACE, after=range(1, 12)),),
    "wake-up": (_may(trouble.lose_wake_ups, box=_BOX),),
    "clock": (
        _may(
            trouble.jump_clock,
            machine=range(MAX_BOXES + 1),
            jump=range(len(trouble.JUMPS) + 1),
            vouched_for=_EITHER,
        ),
    ),
    "poison": (_may(trouble.poison, box=_BOX, kind=("unknown", "invalid", "large"), aggregate=range(3)),),
    "rubbish": (_may(trouble.plant_rubbish, box=_BOX, kind=trouble.RUBBISH),),
    "withdrawal": (_may(work.withdraw, box=_BOX, which=range(CLIENTS)),),
    "deletion": (_may(work.erase, box=_BOX, which=range(CLIENTS)),),
    "room": (_may(work.make_room, box=_BOX),),
    "keys restored": (_may(disks.back_up_keys, box=_BOX), _may(disks.restore_keys, which=_COPY)),
    "hub restored": (_may(disks.back_up_hub), _may(disks.restore_hub, which=_COPY)),
    "box restored": (_may(disks.back_up_box, box=_BOX), _may(disks.restore_box, which=_COPY, raw=(False, False, True))),
    "clone": (_may(disks.clone_box, box=_BOX),),
    "forged": (_may(disks.forge, box=_BOX, known=_EITHER),),
}
