"""`medspa edge erase`: ask for a client to be deleted, decide on it, see what became of it.

A command only records; the running box carries an approved deletion out within a second, a stopped one at its start.
Where people sign in, whoever asks or decides gives their PIN here, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.clients.erasure_desk import PURPOSE, ErasureDesk, ErasureUnknown
from edge.config import EdgeSettings
from edge.staff.permissions import Action
from shared.clock import SystemClock
from shared.config import load_settings
from shared.ids import ClientId, Uuid7Source
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]
PersonOption = Annotated[str, typer.Option("--as", help="Who does it, as the opaque id of a member of staff.")]

app = typer.Typer(help="Delete a client for good: one person asks, another approves.", no_args_is_help=True)


@app.command()
def request(
    config: ConfigOption,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    person: PersonOption,
    reason: Annotated[ErasureReason, typer.Option(help="Why.")] = ErasureReason.CLIENT_ASKED,
    basis: Annotated[LegalBasis, typer.Option(help="On what legal ground.")] = LegalBasis.GDPR_ARTICLE_17,
) -> None:
    """Ask for a client to be deleted; prints the id of the request."""
    with _desk(config, person, Action.ASK_ERASURE) as desk:
        Console().print(desk.request(ClientId(client), reason, basis, person).request, highlight=False)


@app.command()
def approve(
    config: ConfigOption, request: Annotated[str, typer.Argument(help="Id of the request.")], person: PersonOption
) -> None:
    """Approve a request of somebody else. This cannot be undone."""
    with _desk(config, person, Action.DECIDE_ERASURE) as desk:
        desk.approve(request, person)
        Console().print("Approved; the box carries it out now, or at its next start.", highlight=False)


@app.command()
def refuse(
    config: ConfigOption,
    request: Annotated[str, typer.Argument(help="Id of the request.")],
    person: PersonOption,
    reason: Annotated[RefusalReason, typer.Option(help="Why not.")],
) -> None:
    """Refuse a request of somebody else."""
    with _desk(config, person, Action.DECIDE_ERASURE) as desk:
        desk.refuse(request, person, reason)


@app.command("list")
def list_requests(config: ConfigOption) -> None:
    """List every request and how far it has come."""
    with _desk(config) as desk:
        table = Table("request", "client", "state", "asked by", "decided by", "requested (UTC)", "erased (UTC)")
        for item in desk.all():
            erased = f"{item.erased_at:%Y-%m-%d %H:%M:%S}" if item.erased_at else ""
            table.add_row(
                item.request, item.client, item.state, item.requested_by, item.decided_by or "",
                f"{item.requested_at:%Y-%m-%d %H:%M:%S}", erased,
            )  # fmt: skip
        Console().print(table)


@app.command()
def receipt(config: ConfigOption, request: Annotated[str, typer.Argument(help="Id of the request.")]) -> None:
    """Print the hub's signed receipt, to be kept in a file and checked with `medspa verify-receipt`."""
    from edge.audit.commands import OPERATOR, trail_of_commands  # noqa: PLC0415 - the other commands need no record

    with _desk(config) as desk:
        text = desk.get(request).receipt
    if text is None:
        raise ErasureUnknown("no_receipt", "the hub has not confirmed this deletion yet; wait for the next sync")
    with trail_of_commands(load_settings(config, EdgeSettings)) as (_, trail):
        trail.exported("erasure_receipt", 1, OPERATOR, PURPOSE)
    typer.echo(text, nl=False)


@contextmanager
def _desk(config: Path, person: str = "", action: Action = Action.PUBLIC) -> Iterator[ErasureDesk]:
    """Open the desk for a person who may do `action`, as their PIN proves where people sign in."""
    from edge.record import open_record  # noqa: PLC0415 - the other commands need no record
    from edge.staff.opening import open_sign_in  # noqa: PLC0415

    clock = SystemClock()
    ids = Uuid7Source(clock)
    settings = load_settings(config, EdgeSettings)
    record = open_record(settings.store, clock, ids)
    try:
        if settings.sign_in.required and action is not Action.PUBLIC:
            sign_in, _ = open_sign_in(settings.sign_in, record, ids, clock)
            token, _ = sign_in.start(person, typer.prompt("PIN", hide_input=True))
            sign_in.permit(token, action, by_hand=True)
            sign_in.end(token)
        yield ErasureDesk(record.store, ids)
    finally:
        record.store.close()
