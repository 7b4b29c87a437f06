"""What it costs the box that a page of the day is kept fresh: CPU time of one poll, beside the plain day's.

A day of 80 visits, a third of them done; every client is registered, allows the record, and was photographed before.
"""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from edge.faces.checklist import BoxFacts, ChecklistDesk
from edge.faces.errors import STATUSES
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.domain import Status
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary
from shared.collector import settle
from tests.support.captures import photograph
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import BoxRecord, open_box_record
from tests.support.slots import board_of

TODAY = dt.date(2026, 3, 2)
VISITS = 80
POLLS = 100
PLAIN = "the plain day"


def measure() -> Mapping[str, float]:
    """Return the CPU milliseconds of one poll, by what is asked for."""
    with TemporaryDirectory() as folder:
        record = open_box_record(Path(folder))
        with TestClient(create_edge_api(_ports(record), statuses=STATUSES), base_url="http://localhost") as client:
            tag = {"If-None-Match": client.get("/api/checklist").headers["etag"]}
            settle()
            polls: Mapping[str, Callable[[], object]] = {
                "a route that does nothing": lambda: client.get("/api/sign-in/rights"),
                PLAIN: lambda: client.get("/api/schedule"),
                "the checklist": lambda: client.get("/api/checklist"),
                "the checklist, unchanged": lambda: client.get("/api/checklist", headers=tag),
            }
            costs = {name: _milliseconds(poll) for name, poll in polls.items()}
            assert client.get("/api/checklist", headers=tag).status_code == 304
        record.store.close()
    return costs


def _ports(record: BoxRecord) -> EdgePorts:
    clinic = demo_registry()
    book = ScheduleBook(record.store, clinic, record.ids, record.clock, "Europe/Vienna")
    clients = [record.new_client(f"Client {number}") for number in range(VISITS)]
    for client in clients:
        record.store.append([photograph(client) for _ in range(3)])
    placed = book.book_day(TODAY, synthesise_day(clinic, TODAY, 1, VISITS, clients), "bench")
    for number, visit in enumerate(book.day(TODAY).plan.placed):
        steps = (Status.CONFIRMED, Status.ARRIVED, Status.IN_PROGRESS, Status.DONE)
        for status in steps[: 4 if number < placed / 3 else 1]:
            book.change_status(visit.id, status, "bench")
    facts = BoxFacts(record.consent, CaptureLibrary(record.store, record.vault, record.clients), book.zone)
    return replace(
        fake_edge_ports(),
        schedule=board_of(book, record),
        checklist=ChecklistDesk(ChecklistBook(record.store, book, facts), record.register),
    )


def _milliseconds(poll: Callable[[], object]) -> float:
    spent = []
    for _ in range(POLLS):
        before = time.process_time()
        poll()
        spent.append(time.process_time() - before)
    return 1000 * statistics.median(spent)


if __name__ == "__main__":
    costs = measure()
    for name, cost in costs.items():
        print(f"{name:28} {cost:7.2f} ms  {cost / costs[PLAIN]:5.2f} of {PLAIN}")
