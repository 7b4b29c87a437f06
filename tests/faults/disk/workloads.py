"""All work that is cut and killed, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.disk import box_work, hub_work

Check = Callable[[Path, tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Workload:
    """Work to interrupt, what it starts from, and what must hold after a cut."""

    run: Callable[[Path], None]
    prepare: Callable[[Path], None] = box_work.prepare
    check: Check = box_work.check


WORKLOADS: Final[Mapping[str, Workload]] = {
    "commit": Workload(box_work.commit),
    "checkpoint": Workload(box_work.checkpoint),
    "erase": Workload(box_work.erase, box_work.prepare_erasure),
    "hub": Workload(hub_work.receive, hub_work.prepare, hub_work.check),
    "rekey": Workload(box_work.rekey),
    "rotate": Workload(box_work.rotate),
}

PROGRAMS: Final[Mapping[str, Callable[[Path], None]]] = {
    **{name: workload.run for name, workload in WORKLOADS.items()},
    "persist": box_work.persist,
}
