"""Worlds that hypothesis tells: it chooses what happens, and of a story that went wrong it finds the shortest."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.control import current_build_context
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.faults.sim.clocks import DAY_SECONDS
from tests.faults.sim.happenings import TROUBLES, WORK, Happening
from tests.faults.sim.healing import Outcome, heal
from tests.faults.sim.invariants import InvariantBroken
from tests.faults.sim.template import MAX_BOXES, Template, memory_folder
from tests.faults.sim.work import pass_time
from tests.faults.sim.world import World
from tests.support.cores import Cores

# Seconds after each happening, the simplest first: after a minute most things have had their effect, so that a story
# that goes wrong ends where it does.
_PAUSES: Final = (60.0, 20.0, 5.0, 5.0, 2.0, 0.5, 0.0, DAY_SECONDS / 4)
_MOST_CHANCES: Final = 255


@dataclass(frozen=True)
class Step:
    """One thing that happens, and the seconds that pass after it."""

    happening: Happening
    choices: Mapping[str, Any]
    seconds: float

    def __str__(self) -> str:
        chosen = ", ".join(f"{name}={value}" for name, value in self.choices.items())
        return f"{self.happening.do.__name__}({chosen}), {self.seconds} s"

    def take(self, world: World) -> None:
        """Let it happen, and the time pass."""
        self.happening.do(world, **self.choices)
        pass_time(world, self.seconds)


@dataclass
class Told:
    """What became of the stories of one machine.

    Attributes:
        shortenings: how often a story that went wrong may still be told to shorten it.
        broken: whether one went wrong.
        outcomes: of each world that was told to its end and converged.
        injected: faults in those worlds.
        beginning: of the last story, how many boxes there are and what decides by chance.
        steps: of the last story; after a failure that is the shortest that fails.
    """

    shortenings: int = 100
    broken: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    injected: int = 0
    beginning: tuple[int, int] = (0, 0)
    steps: list[Step] = field(default_factory=list)


class WorldMachine(RuleBasedStateMachine):
    """One world; its rules are made of happenings by `machine_of`."""

    template: ClassVar[Template]
    told: ClassVar[Told]

    def __init__(self) -> None:
        super().__init__()
        self._world: World | None = None

    @initialize(boxes=st.integers(2, MAX_BOXES), chance=st.integers(0, _MOST_CHANCES))
    def begin(self, boxes: int, chance: int) -> None:
        """Put a few boxes and a hub somewhere; `chance` decides what the happenings leave to it."""
        if self.told.broken and not current_build_context().is_final:
            self.told.shortenings -= 1
            if self.told.shortenings < 0:
                return  # as if all went well: what is shortest by now stays so
        self.told.steps, self.told.beginning = [], (boxes, chance)
        self._world = World(self.template, memory_folder(), chance, boxes)

    @invariant()
    def holds(self) -> None:
        """Check what must hold at every moment."""
        if self._world is not None:
            self._judge(self._world, World.check)

    def teardown(self) -> None:
        """Heal a world that was told to its end, and check that it converges."""
        if self._world is None:
            return
        try:
            if sys.exception() is None:
                self._judge(self._world, self._heal)
        finally:
            self._world.close()

    def go_on(self, step: Step) -> None:
        """Let the next thing happen."""
        if self._world is not None:
            self.told.steps.append(step)
            self._judge(self._world, step.take)

    def _heal(self, world: World) -> None:
        self.told.outcomes.append(heal(world))
        self.told.injected += (world.injected + world.network.injected).total()

    def _judge(self, world: World, action: Callable[[World], object]) -> None:
        """Do something, and raise from one place what was broken: a story is shortened as long as that stays the same.

        Where the product was when it broke an invariant may change as its story gets shorter.
        """
        broken = None
        try:
            action(world)
        except InvariantBroken as error:
            broken = InvariantBroken(error.invariant, error.sentence)
        if broken is not None:
            self.told.broken = True
            broken.add_note("\n".join(world.trace))
            raise broken


def machine_of(template: Template, kinds: Iterable[Iterable[Happening]], told: Told) -> type[WorldMachine]:
    """Make a machine that chooses among happenings.

    Args:
        template: where its worlds are copied from.
        kinds: what may happen.
        told: takes what became of its stories.
    """
    rules = {happening.do.__name__: _rule(happening) for kind in kinds for happening in kind}
    return type("Worlds", (WorldMachine,), {**rules, "template": template, "told": told})


def tell_many(machine: type[WorldMachine], chosen_by: int, stories: int, steps: int) -> None:
    """Tell stories until one goes wrong, and shorten that one; the same number chooses the same stories.

    Raises:
        InvariantBroken: what the shortest story broke; its steps are in `Told.steps`, the trace is its note.
    """
    run_state_machine_as_test(
        seed(chosen_by)(machine),
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),  # to explain, too, would trace every line
            suppress_health_check=list(HealthCheck),
        ),
    )


def tell_all(cores: Cores, template: Template, numbers: Sequence[int], stories: int, steps: int) -> Iterator[Told]:
    """Tell the stories of many machines that choose among all that can happen, on every core.

    Raises:
        AssertionError: one broke an invariant; the text has its shortest story.
    """
    what = f"machines of {stories} stories"
    yield from cores.each(partial(_tell_one, template, stories, steps), numbers, what, len(numbers))


def _tell_one(template: Template, stories: int, steps: int, number: int) -> Told:
    told = Told()
    try:
        tell_many(machine_of(template, (*WORK, *TROUBLES.values()), told), number, stories, steps)
    except InvariantBroken as error:
        text = [f"SEED={number}", str(error), *map(str, told.steps), *error.__notes__]
        raise AssertionError("\n".join(text)) from None
    return told


def retell(template: Template, told: Told) -> Outcome:
    """Tell the last story of a machine again, without the machine.

    Raises:
        InvariantBroken: it broke one.
    """
    boxes, chance = told.beginning
    world = World(template, memory_folder(), chance, boxes)
    try:
        for step in told.steps:
            step.take(world)
        return heal(world)
    finally:
        world.close()


def _rule(happening: Happening) -> Any:
    def happens(self: WorldMachine, then: float, **choices: Any) -> None:
        self.go_on(Step(happening, choices, then))

    happens.__name__ = happening.do.__name__
    choices: dict[str, Any] = {name: st.sampled_from(options) for name, options in happening.choices.items()}
    return rule(then=st.sampled_from(_PAUSES), **choices)(happens)
