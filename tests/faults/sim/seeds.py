"""One seed, one story: which faults a world meets, in which order, and when."""

import random
from collections.abc import Callable, Sequence

from tests.faults.sim.fuses import Place
from tests.faults.sim.happenings import DAY_SECONDS, JUMPS, Happenings
from tests.faults.sim.network import Weather
from tests.faults.sim.template import MAX_BOXES, Template, memory_folder
from tests.faults.sim.world import Outcome, World

STEPS = (8, 25)
_KINDS_OF_TROUBLE = 5
_POISONS = ("unknown", "invalid", "large")


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
        self._happen = Happenings(world)
        troubles = self._troubles()
        chosen = [troubles[name] for name in only or chance.sample(sorted(troubles), _KINDS_OF_TROUBLE)]
        # A world that meets a few kinds of trouble often finds more than one that meets all of them rarely.
        self._steps = [*self._work(), *chosen, *chosen]

    def step(self) -> None:
        """Let one thing happen, and some time pass."""
        self._chance.choice(self._steps)()
        self._world.run(*self._pause())
        self._world.check()

    def _pause(self) -> tuple[float, float]:
        kind = self._chance.random()
        if kind < 0.75:
            return self._chance.uniform(0.0, 5.0), 4.0
        # Two machines of one name put each other off the broker for ever: a day of that shows nothing new.
        if kind < 0.97 or any("twin" in box.name for box in self._world.boxes):
            return self._chance.uniform(5.0, 60.0), 10.0
        return self._chance.uniform(60.0, DAY_SECONDS), DAY_SECONDS / 8

    def _any_box(self) -> int:
        return self._chance.randrange(len(self._world.boxes))

    def _work(self) -> list[Callable[[], None]]:
        chance, happen = self._chance, self._happen
        return [
            lambda: happen.write(self._any_box(), chance.choice((1, 2, 5, 40)), chance.randrange(4)),
            lambda: happen.write(self._any_box(), chance.choice((1, 2, 5, 40)), chance.randrange(4)),
            lambda: happen.photograph(self._any_box(), large=chance.random() < 0.2, analysed=chance.random() < 0.5),
            lambda: happen.book(self._any_box(), chance.randrange(3)),
        ]

    def _troubles(self) -> dict[str, Callable[[], None]]:
        chance, happen = self._chance, self._happen
        places = list(Place)
        return {
            "lossy": lambda: happen.storm(self._any_box(), chance.random() < 0.5, self._bad_weather()),
            "one way": lambda: happen.storm(self._any_box(), chance.random() < 0.5, Weather(cut=True)),
            "broker": happen.restart_broker,
            "unplug": lambda: happen.unplug(self._any_box()),
            "clear up": happen.clear_up,
            "box killed": lambda: happen.crash_box(self._any_box()),
            "hub killed": happen.crash_hub,
            "box dies": lambda: happen.light_box(self._any_box(), chance.choice(places), chance.randrange(1, 6)),
            "hub dies": lambda: happen.light_hub(chance.choice(places), chance.randrange(1, 12)),
            "wake-up": lambda: happen.lose_wake_ups(self._any_box()),
            "clock": lambda: happen.jump_clock(
                chance.randrange(MAX_BOXES + 1), chance.randrange(len(JUMPS) + 1), vouched_for=chance.random() < 0.5
            ),
            "poison": lambda: happen.poison(self._any_box(), chance.choice(_POISONS), chance.randrange(3)),
            "rubbish": lambda: happen.plant_rubbish(self._any_box(), chance.randrange(4)),
            "withdrawal": lambda: happen.withdraw(self._any_box(), chance.randrange(3)),
            "deletion": lambda: happen.erase(self._any_box(), chance.randrange(3)),
            "room": lambda: happen.make_room(self._any_box()),
            "keys restored": self._old_keys,
            "hub restored": self._hub_disk,
            "box restored": self._box_disk,
            "clone": self._clone,
            "forged": lambda: happen.forge(self._any_box(), known=chance.random() < 0.5),
        }

    def _hub_disk(self) -> None:
        if self._chance.random() < 0.5:
            self._happen.back_up_hub()
        else:
            self._happen.restore_hub(self._chance.randrange(4))

    def _box_disk(self) -> None:
        if self._chance.random() < 0.5:
            self._happen.back_up_box(self._any_box())
        else:
            self._happen.restore_box(self._chance.randrange(4), as_it_should_be=self._chance.random() < 0.7)

    def _old_keys(self) -> None:
        if self._chance.random() < 0.5:
            self._happen.back_up_keys(self._any_box())
        else:
            self._happen.restore_keys(self._chance.randrange(4))

    def _clone(self) -> None:
        if len(self._world.boxes) <= MAX_BOXES:
            self._happen.clone_box(self._any_box())

    def _bad_weather(self) -> Weather:
        chance = self._chance
        longest = chance.choice((0.3, 10.0, 600.0, DAY_SECONDS))
        return Weather(
            drop=chance.choice((0.0, 0.3)),
            duplicate=chance.choice((0.0, 0.3)),
            corrupt=chance.choice((0.0, 0.1)),
            delay_seconds=(0.01, longest),
        )


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
        return world, world.heal()
    except BaseException as error:
        error.add_note("\n".join(world.trace))
        raise
    finally:
        world.close()
