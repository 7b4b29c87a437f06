"""Clearances in memory, behind the box's HTTP ports: two that one visit's service asks for, and one of another's."""

from collections.abc import Mapping
from datetime import UTC, datetime

from edge.api import clearance_schemas as shown
from shared.http.errors import NotFound

AT = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
STATE = shown.ClearanceState


class FakeClearances:
    """One client's clearances, whatever visit is asked about."""

    def __init__(self) -> None:
        self.known = {
            name: shown.Clearance(name=name, asked=asked, state=STATE.NOT_CONFIRMED)
            for name, asked in (("isotretinoin_free", True), ("patch_test", True), ("no_fillers_lately", False))
        }
        self.acted: list[tuple[str, str]] = []

    def of_visit(self, appointment_id: str) -> shown.VisitClearances:
        return shown.VisitClearances(
            appointment_id=appointment_id,
            registered=True,
            clearances=list(self.known.values()),
            professionals=[shown.Professional(id="staff-1", name="Jo"), shown.Professional(id="staff-2", name="Kim")],
        )

    def give(self, appointment_id: str, new: shown.NewClearance, person: str) -> shown.VisitClearances:
        changed = {"state": STATE.CONFIRMED, "until": new.until, "by_name": person, "at": AT, "reason": None}
        return self._changed(appointment_id, new.name, person, changed)

    def withdraw(self, appointment_id: str, what: shown.WithdrawnClearance, person: str) -> shown.VisitClearances:
        changed = {"state": STATE.WITHDRAWN, "by_name": person, "at": AT, "reason": what.reason}
        return self._changed(appointment_id, what.name, person, changed)

    def _changed(
        self, appointment_id: str, name: str, person: str, changed: Mapping[str, object]
    ) -> shown.VisitClearances:
        if name not in self.known:
            raise NotFound("clearance_unknown", "No service of the clinic's file asks for this clearance.")
        self.known[name] = self.known[name].model_copy(update=changed)
        self.acted.append((name, person))
        return self.of_visit(appointment_id)
