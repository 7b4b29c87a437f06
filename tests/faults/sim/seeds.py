"""One seed, one story: which faults a world meets, in which order, and when."""

import random
from collections.abc import Sequence

from tests.faults.sim.clocks import DAY_SECONDS
from tests.faults.sim.happenings import TROUBLES, WORK
from tests.faults.sim.healing import Outcome, heal
from tests.faults.sim.template import MAX_BOXES, Template, memory_folder
from tests.faults.sim.work import pass_time
from tests.faults.sim.world import World

STEPS = (8, 25)
_KINDS_OF_TROUBLE = 5


class Story:
    """Chooses by chance what happens next in a world."""

    def __init__(self, world: World, chance: random.Random, only: Sequence[str] = ()) -> None:
        """Choose what this world meets.

        Args:
            world: where it happens.
            chance: decides.
            only: names of the troubles to choose, when it is not to be left to chance.
        """
        self._chance = chance
        self._world = world
        chosen = [TROUBLES[name] for name in only or chance.sample(sorted(TROUBLES), _KINDS_OF_TROUBLE)]
        # A world that meets a few kinds of trouble often finds more than one that meets all of them rarely.
        self._steps = [*WORK, *chosen, *chosen]

    def step(self) -> None:
        """Let one thing happen, and some time pass."""
        happening = self._chance.choice(self._chance.choice(self._steps))
        choices = {name: self._chance.choice(options) for name, options in happening.choices.items()}
        happening.do(self._world, **choices)
        pass_time(self._world, self._pause())

    def _pause(self) -> float:
        kind = self._chance.random()
        if kind < 0.75:
            return self._chance.uniform(0.0, 5.0)
        if kind < 0.97:
            return self._chance.uniform(5.0, 60.0)
        return self._chance.uniform(60.0, DAY_SECONDS)


def tell(template: Template, seed: int, only: Sequence[str] = ()) -> tuple[World, Outcome]:
    """Tell the story of one seed to its end; the world is closed.

    Raises:
        InvariantBroken: something happened that must not; the world's trace is its note.
    """
    chance = random.Random(seed)
    folder = memory_folder()
    world = World(template, folder, seed, chance.randint(2, MAX_BOXES))
    try:
        story = Story(world, chance, only)
        for _ in range(chance.randint(*STEPS)):
            story.step()
        return world, heal(world)
    except BaseException as error:
        error.add_note("\n".join(world.trace))
        raise
    finally:
        world.close()
