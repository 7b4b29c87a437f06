"""One clinic and its hub, by the real rules of both, with a network between them that loses, doubles and reorders.

Each side is its disk: the log it wrote, and what it has applied of the other's. The box is folded from its log before
each step, as after a restart. What nobody in the world can know, who has bought what, stands in `ledger`.
"""

import contextlib
import copy
import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations, count

from cloud.bookings import leases as hub_rules
from cloud.bookings.leases import Lease as HubLease
from cloud.bookings.leases import LeaseState, Origin, Standing
from edge.schedule import leases as box_rules
from edge.schedule import slot_doubts as doubts
from edge.schedule.checker import Rule, check
from edge.schedule.domain import AppointmentRequest, Disruption, Plan, Span
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.lending import Lender, LendingPolicy
from edge.schedule.registry import parse_registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import Replan
from edge.schedule.sales import Moment, honour
from edge.schedule.schedule import Schedule
from edge.schedule.slot_doubts import HubSeen
from shared.events.catalogue import slots as said
from shared.events.catalogue.schedule import AppointmentMoved
from shared.events.catalogue.system import BoxStarted
from shared.events.payload import PayloadModel
from shared.http.errors import Conflict
from shared.ids import ClientId

DAY = dt.date(2026, 11, 23)
MIDNIGHT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
CLINIC = parse_registry(
    """
    clinic = "Two Trees"
    hours = { start = "09:00", end = "13:00" }
    [[providers]]
    id = "ash"
    name = "Ash"
    skills = ["care"]
    shift = { start = "09:00", end = "13:00" }
    [[providers]]
    id = "elm"
    name = "Elm"
    skills = ["care"]
    shift = { start = "09:00", end = "13:00" }
    [[rooms]]
    id = "one"
    name = "One"
    type = "room"
    [[rooms]]
    id = "two"
    name = "Two"
    type = "room"
    [[services]]
    id = "short"
    name = "Short"
    category = "consultation"
    price = 50
    share = 1
    stages = [{ name = "care", minutes = 30, room = "room", skill = "care" }]
    [[services]]
    id = "long"
    name = "Long"
    category = "consultation"
    price = 90
    share = 1
    stages = [{ name = "care", minutes = 60, room = "room", skill = "care" }]
    """
)
POLICY = LendingPolicy(per_service=2, days_ahead=0, lease=dt.timedelta(hours=1), notice=60)
QUIET = SolverLimits(seconds=0, alternatives=False)


@dataclass(frozen=True)
class Message:
    """An event on its way: of which log, at which place."""

    log: str
    seq: int
    payload: PayloadModel


def replanned(plan: Plan, disruption: Disruption, replan_id: ReplanId) -> Replan:
    return replan(CLINIC, plan, disruption, replan_id, lambda: 0.0, QUIET)


@dataclass
class Box:
    """The box's disk: its log by epoch, what it has applied of each life of the hub, which life it met last."""

    logs: dict[str, list[PayloadModel]] = field(default_factory=lambda: {"e1": []})
    heard: dict[str, list[PayloadModel]] = field(default_factory=lambda: defaultdict(list))
    life: str = ""

    def payloads(self) -> list[PayloadModel]:
        return [payload for log in self.logs.values() for payload in log if not isinstance(payload, BoxStarted)]

    def schedule(self) -> Schedule:
        return Schedule.fold(DAY, self.payloads())

    def append(self, payloads: list[PayloadModel]) -> None:
        list(self.logs.values())[-1].extend(payloads)


@dataclass
class Hub:
    """The hub's disk: leases, how far each epoch of the box's log is applied, its own log by life."""

    life: str = "l1"
    rows: dict[str, HubLease] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    down: dict[str, list[PayloadModel]] = field(default_factory=lambda: {"l1": []})
    aside: list[tuple[str, PayloadModel]] = field(default_factory=list)

    def standing(self) -> Standing:
        return Standing(self.life, {"box": list(self.applied)[-1]} if self.applied else {}, {"clinic": dt.UTC})

    def say(self, word: said.SlotSold | said.SlotReturned | said.SlotExpired) -> None:
        self.down[self.life].append(word)
        self.take(word)

    def take(self, word: PayloadModel) -> None:
        """Let a word of the hub's own log have its effect; on its way back it may come to a hub that forgot it."""
        if isinstance(word, said.SlotSold):
            lease = hub_rules.sold(self.rows.get(word.slot.lease), "clinic", word.slot, word.order, 0)
        elif isinstance(word, said.SlotReturned | said.SlotExpired):
            state = LeaseState.RETURNED if isinstance(word, said.SlotReturned) else LeaseState.EXPIRED
            lease = hub_rules.ended(self.rows.get(word.slot.lease), "clinic", word.slot, state, 0)
        else:
            raise TypeError(word)
        self.rows[lease.slot.lease] = lease

    def hear(self, epoch: str, payload: PayloadModel) -> None:
        """Apply what the box says; what is about a lease that a restore forgot is set aside until that is back."""
        about_lease = isinstance(payload, said.SlotClosed | said.SlotRenewed | said.SlotRecallRequested)
        if about_lease and payload.lease not in self.rows:
            self.aside.append((epoch, payload))
            return
        match payload:
            case said.SlotLeased(slot=slot):
                origin = Origin("clinic", "box", epoch)
                self.rows[slot.lease] = hub_rules.granted(self.rows.get(slot.lease), origin, payload)
            case said.SlotRenewed(lease=name):
                self.rows[name] = hub_rules.renewed(self.rows[name], payload.until)
            case said.SlotRecallRequested(lease=name):
                self.rows[name] = hub_rules.recalled(self.rows[name])
            case said.SlotClosed(lease=name):
                self.rows[name] = hub_rules.closed(self.rows[name], payload)
            case _:
                pass


class World:
    """Everything that can happen."""

    def __init__(self) -> None:
        self.box, self.hub = Box(), Hub()
        self.true_minute = 5 * 60
        self.box_wrong = self.hub_wrong = 0
        self.cut = False
        self.up: list[Message] = []
        self.down: list[Message] = []
        self.ledger: dict[str, list[str]] = defaultdict(list)
        self.places: dict[str, said.SlotPart] = {}
        self.numbers = count(1)
        self.happened: Counter[str] = Counter()
        self.decided: set[str] = set()
        self.box_backup = copy.deepcopy(self.box)
        self.hub_backup = copy.deepcopy(self.hub)

    # --- time ---------------------------------------------------------------------------------
    def box_now(self) -> dt.datetime:
        return MIDNIGHT + dt.timedelta(minutes=self.true_minute + self.box_wrong)

    def hub_now(self) -> dt.datetime:
        return MIDNIGHT + dt.timedelta(minutes=self.true_minute + self.hub_wrong)

    def minute(self) -> int:
        return self.true_minute + self.box_wrong

    # --- the clinic ---------------------------------------------------------------------------
    def top_up(self) -> None:
        self.box.append(self.due(self.box.schedule()))

    def due(self, day: Schedule) -> list[PayloadModel]:
        over = box_rules.lapsed(DAY, day.leases, self.box_now(), dt.UTC)
        if over or not self.box.life:
            return over
        lender = Lender(CLINIC, POLICY, dt.UTC, self.box.life)
        noted = doubts.doubted(DAY, day.leases, self.box.life)
        lent = lender.top_up(day.plan, day.leases, self.box_now(), lambda: f"lease-{next(self.numbers)}")
        return [*noted, *lent]

    def book(self, service: str, start: int) -> None:
        name = f"visit-{next(self.numbers)}"
        minutes = CLINIC.service(ServiceId(service)).minutes
        window = Span(start, min(start + minutes + 30, 13 * 60))
        request = AppointmentRequest(AppointmentId(name), ClientId(name), ServiceId(service), window)
        self.box.append(self.box.schedule().decide_request(CLINIC, request, max(0, self.minute())))

    def report(self, disruption: Disruption) -> None:
        day, name = self.box.schedule(), ReplanId(f"replan-{next(self.numbers)}")
        answer = replanned(day.plan, disruption, name)
        self.box.append(day.report_disruption(CLINIC, disruption, answer, name))

    def recall(self, number: int) -> None:
        day = self.box.schedule()
        names = sorted(day.leases.open)
        if names:
            name = names[number % len(names)]
            self.box.append(box_rules.recall(DAY, day.leases, name, "needed"))

    def hub_seen(self) -> HubSeen:
        return HubSeen(self.box.life, not self.cut, self.box_now())

    def release(self, number: int, *, knows: bool) -> None:
        """A person decides to give up a slot in doubt: knowing that nobody has bought it, or taking the risk.

        Nobody but a person does, and what they risk is theirs: from then on the place of whoever has bought it is not
        kept. That the sale is told to people, and that nobody else loses a place for it, is kept all the same.
        """
        day, hub = self.box.schedule(), self.hub_seen()
        doubtful = [n for n, one in sorted(day.leases.open.items()) if doubts.doubt_of(one, DAY, hub, dt.UTC)]
        names = [name for name in doubtful if not (knows and self.ledger.get(name))]
        if names:
            name = names[number % len(names)]
            self.decided.add(name)
            self.happened["given up at a risk" if self.ledger.get(name) else "given up"] += 1
            # Once released it is the person's word; what the dead life still sold would be sold before this.
            self.box.append(doubts.release(DAY, day.leases, name, hub, dt.UTC))

    def hold_again(self, number: int) -> None:
        """A person takes it back that a slot was given up, where that is possible."""
        day = self.box.schedule()
        names = sorted(day.leases.given_up)
        if not names:
            return
        name = names[number % len(names)]
        with contextlib.suppress(NotAllowed):
            again = doubts.hold_again(DAY, day.leases, name, CLINIC, day.plan, self.box_now(), dt.UTC)
            self.happened["held again"] += 1
            self.box.append(again)

    def restore_box(self) -> None:
        self.box = copy.deepcopy(self.box_backup)
        self.box.logs[f"e{next(self.numbers)}x"] = [BoxStarted(software="restored", clean=False)]

    def back_up(self) -> None:
        self.box_backup, self.hub_backup = copy.deepcopy(self.box), copy.deepcopy(self.hub)

    # --- the hub ------------------------------------------------------------------------------
    def sell(self, number: int, *, again: bool = False) -> None:
        names = sorted(self.hub.rows)
        if not names:
            return
        lease = self.hub.rows[names[number % len(names)]]
        order = lease.order if again and lease.order else f"order-{next(self.numbers)}"
        sold = [row for row in self.hub.rows.values() if row.state is LeaseState.SOLD and not row.outcome]
        try:
            fresh = hub_rules.check_sale(lease, order, self.hub_now(), self.hub.standing(), sold)
        except Conflict:
            return
        if fresh:
            self.hub.say(said.SlotSold(slot=lease.slot, hub_epoch=lease.life, order=order))
            self._sold(lease.slot, order)

    def _sold(self, slot: said.SlotPart, order: str) -> None:
        assert not self.ledger[slot.lease], "a lease was sold twice"
        self.ledger[slot.lease].append(order)
        self.happened["sold while cut off" if self.cut else "sold"] += 1
        self.places[slot.lease] = slot

    def settle(self) -> None:
        for lease in list(self.hub.rows.values()):
            word = hub_rules.due(lease, self.hub_now(), self.hub.standing())
            if word is None:
                continue
            state, reason = word
            if state is LeaseState.RETURNED:
                self.hub.say(said.SlotReturned(slot=lease.slot, reason=reason))
            else:
                self.hub.say(said.SlotExpired(slot=lease.slot))

    def restore_hub(self) -> None:
        self.hub = copy.deepcopy(self.hub_backup)
        self.hub.life = f"l{next(self.numbers)}x"
        self.hub.down[self.hub.life] = []

    # --- the network --------------------------------------------------------------------------
    def greet(self) -> None:
        """The two greet each other: the box meets the hub's life and hands back what that has forgotten."""
        if self.cut:
            return
        self.box.life = self.hub.life
        for life, words in self.box.heard.items():
            known = self.hub.down.get(life, [])
            for word in words[len(known) :]:
                known.append(word)
                self.hub.take(word)
            waiting, self.hub.aside = self.hub.aside, []
            for epoch, payload in waiting:
                self.hub.hear(epoch, payload)
            if life not in self.hub.down:
                self.hub.down = {life: known, **self.hub.down}

    def send(self) -> None:
        """Both say what the other has not applied yet, some of it for the second time."""
        for epoch, log in self.box.logs.items():
            first = max(0, self.hub.applied.get(epoch, 0) - 1)
            self.up += [Message(epoch, n + 1, payload) for n, payload in enumerate(log) if n >= first]
        for life, words in self.hub.down.items():
            first = max(0, len(self.box.heard[life]) - 1)
            self.down += [Message(life, n + 1, word) for n, word in enumerate(words) if n >= first]

    def lose(self, part: int) -> None:
        self.up, self.down = self.up[:: part + 1], self.down[part % 2 :: part + 1]

    def deliver_up(self, number: int, *, keep: bool) -> None:
        if self.cut or not self.up:
            return
        message = self.up[number % len(self.up)] if keep else self.up.pop(number % len(self.up))
        if message.seq == self.hub.applied.get(message.log, 0) + 1:
            self.hub.applied[message.log] = message.seq
            self.hub.hear(message.log, message.payload)

    def deliver_down(self, number: int, *, keep: bool) -> None:
        if self.cut or not self.down:
            return
        message = self.down[number % len(self.down)] if keep else self.down.pop(number % len(self.down))
        heard = self.box.heard[message.log]
        if message.seq != len(heard) + 1:
            return
        if self.box.life == self.hub.life and message.payload not in self.hub.down.get(message.log, []):
            return  # of a life that is over and was forgotten: the box has been greeted for another log
        heard.append(message.payload)
        self._apply_down(message.payload)

    def _apply_down(self, word: PayloadModel) -> None:
        day = self.box.schedule()
        if isinstance(word, said.SlotSold):
            moment, name = Moment(max(0, self.minute())), ReplanId(f"replan-{next(self.numbers)}")
            decided = honour(CLINIC, day, word, moment, name, replanned)
            self.happened.update(f"sale {p.outcome}" for p in decided if isinstance(p, said.SlotClosed))
            self._kept(day, word, decided)
            before = {visit.id for visit in day.plan.placed}
            self.box.append(decided)
            left = {visit.id for visit in self.box.schedule().plan.placed}
            assert before <= left, "somebody lost a place for a sale"
        elif isinstance(word, said.SlotReturned | said.SlotExpired):
            outcome = "returned" if isinstance(word, said.SlotReturned) else "expired"
            closed = said.SlotClosed(lease=word.slot.lease, day=DAY, outcome=outcome)
            self.box.append(box_rules.ended(DAY, day.leases, word.slot.lease, closed))

    # --- what must hold -----------------------------------------------------------------------
    def _kept(self, day: Schedule, word: said.SlotSold, decided: list[PayloadModel]) -> None:
        """What this box lent and has not forgotten is there for whoever bought it, and nobody moves for it.

        But for what a person has decided to give up.
        """
        slot = word.slot
        lent = [p for p in self.box.payloads() if isinstance(p, said.SlotLeased) and p.slot.lease == slot.lease]
        closed = day.leases.closed.get(slot.lease)
        self.happened["sale of what was given up"] += slot.lease in day.leases.given_up
        lapsed = closed is not None and closed.outcome == "lapsed"
        if not lent or not decided or lapsed or slot.lease in self.decided:
            return
        uses = {name for stage in slot.stages for name in (stage.provider, stage.room)}
        out = any(o.resource in uses and o.span.overlaps(Span(slot.start, slot.end)) for o in day.plan.outages)
        (end,) = [payload for payload in decided if isinstance(payload, said.SlotClosed)]
        if not out:
            assert (end.outcome, end.start, end.reason) == ("booked", slot.start, ""), "a lent place was taken back"
        assert not any(isinstance(payload, AppointmentMoved) for payload in decided) or out

    def check_always(self) -> None:
        day = self.box.schedule()
        assert not [v for v in check(CLINIC, day.plan) if v.rule is Rule.OVERLAP], "two visits in one place"
        for one, other in combinations(day.leases.open.values(), 2):
            places = [said.SlotPart.model_validate(box_rules.slot_of("x", DAY, a.visit.service, a.visit.stages))
                      for a in (one, other)]  # fmt: skip
            assert not hub_rules.collide(*places), "one place is lent twice"
        released = {name for name, one in day.leases.closed.items() if one.outcome == "released"}
        assert released <= self.decided, "a slot was given up and nobody decided it"
        for words in self.box.heard.values():
            for word in words:
                if isinstance(word, said.SlotSold):
                    self._is_visible(day, word.slot.lease)

    def _is_visible(self, day: Schedule, lease: str) -> None:
        closed = day.leases.closed.get(lease)
        visit = day.plan.appointments.get(box_rules.appointment_name(lease))
        waits = closed is not None and closed.outcome == "waiting"
        assert visit is not None or waits, "a sale was dropped without a word"

    def heal(self) -> None:
        """Mend the network and let everything arrive; then both sides must agree, and every sale must be answered."""
        self.cut = False
        for _ in range(4):
            self.greet()
            self.up, self.down = [], []
            self.send()
            while self.up:
                self.deliver_up(0, keep=False)
            self.settle()
            self.send()
            while self.down:
                self.deliver_down(0, keep=False)
        day = self.box.schedule()
        known = {
            word.slot.lease for words in self.hub.down.values() for word in words if isinstance(word, said.SlotSold)
        }
        for lease in known:
            self._is_visible(day, lease)
            assert self.hub.rows[lease].outcome in {"booked", "waiting"}, "the hub does not hear what became of a sale"
        epoch = list(self.box.logs)[-1]
        offered = {
            name
            for name, row in self.hub.rows.items()
            if row.state is LeaseState.OFFERED and row.life == self.hub.life and row.origin.epoch == epoch
        }
        in_force = {name for name, lease in day.leases.open.items() if lease.hub_epoch == self.hub.life}
        assert offered == in_force, "the two do not agree about what is lent"
        assert not any(day.leases.open[name].recalled for name in in_force), "a recall was never answered"

    def forgotten(self) -> set[str]:
        """Return sales that a restored hub has forgotten and no box had heard of."""
        known = [*self.hub.down.values(), *self.box.heard.values()]
        return set(self.ledger) - {w.slot.lease for words in known for w in words if isinstance(w, said.SlotSold)}


def world() -> World:
    """Return a world in which the two have met."""
    made = World()
    made.greet()
    return made
