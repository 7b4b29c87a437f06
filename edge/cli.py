"""`medspa edge`: enrol and run the clinic's box."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.backup.cli import add_commands
from edge.clients.commands import app as erasure_commands
from edge.config import EdgeSettings
from edge.enrol import enrol as enrol_box
from edge.hub_door import HubDoor
from edge.keys.certificate import BoxCertificate
from edge.keys.cli import app as keys_app
from edge.keys.cli import rekey
from edge.keys.opening import open_keys
from edge.lan import LanCertificate
from edge.schedule.slot_commands import app as slots_app
from edge.staff.cli import app as staff_app
from edge.sync.commands import app as images_app
from edge.transparency.commands import app as hub_log_app
from shared.clock import SystemClock
from shared.config import load_settings
from shared.events.catalogue.audit import KeyUse
from shared.ids import Uuid7Source
from shared.wire.escrow import check_purpose

app = typer.Typer(help="The clinic's edge box.", no_args_is_help=True)
app.add_typer(erasure_commands, name="erase")
app.add_typer(keys_app, name="keys")
app.add_typer(images_app, name="images")
app.add_typer(slots_app, name="slots")
app.add_typer(hub_log_app, name="hub-log")
app.command()(rekey)
add_commands(app)
app.add_typer(staff_app, name="staff")
ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]


@app.command()
def run(config: ConfigOption) -> None:
    """Run the box: kiosk, tablet, analysis, schedule, sync."""
    from edge.main import run as run_box  # noqa: PLC0415 - loads every model library; the other commands need none

    run_box(load_settings(config, EdgeSettings))


@app.command()
def enrol(
    config: ConfigOption,
    code_file: Annotated[
        Path | None, typer.Option(help="File with the one-time code; asked for when not given.", exists=True)
    ] = None,
    label: Annotated[str, typer.Option(help="Name of this box for people.")] = "edge box",
) -> None:
    """Make this box a member of a tenant's fleet with a one-time code of the hub."""
    settings = load_settings(config, EdgeSettings)
    settings.store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    code = code_file.read_text().strip() if code_file else typer.prompt("One-time code", hide_input=True)
    identity = enrol_box(settings.store.folder, open_keys(settings.store), settings.hub.url, code, label)
    Console().print(f"Enrolled as {identity.device} of {identity.tenant}/{identity.location}", highlight=False)


@app.command("recover-keys")
def recover_keys(
    config: ConfigOption,
    purpose: Annotated[str, typer.Option(help="Why, for the key service's record.")] = "keystore_lost",
) -> None:
    """Get this clinic's client keys back from the tenant's key service, after the keystore was lost."""
    from edge.audit.commands import OPERATOR, trail_of_commands  # noqa: PLC0415 - the other commands need no record
    from edge.record import open_record  # noqa: PLC0415
    from edge.sync.escrow import recover_keys as recover  # noqa: PLC0415
    from edge.sync.hub_channel import HubChannel  # noqa: PLC0415
    from edge.sync.renewal import renewed  # noqa: PLC0415

    settings, clock = load_settings(config, EdgeSettings), SystemClock()
    with trail_of_commands(settings) as (_, trail):
        trail.key_used("client_keys", KeyUse.RECOVERED, OPERATOR, check_purpose(purpose))
    record = open_record(settings.store, clock, Uuid7Source(clock))
    try:
        identity, device = record.keys.identity(), record.store.identity.device
        door, held = HubDoor(settings.hub.url), BoxCertificate(record.keys.sealed)
        certificate = renewed(held, door, (device, identity), clock.wall())
        hub = HubChannel(f"{settings.hub.rpc_host}:{settings.hub.rpc_port}", certificate.present)
        given, taken = recover(record.store, record.clients, identity, hub, purpose)
    finally:
        record.store.close()
    Console().print(f"The key service gave {given} client keys; {taken} of them were missing here", highlight=False)


@app.command("lan-certificate")
def lan_certificate(
    config: ConfigOption,
    out: Annotated[Path | None, typer.Option(help="Where to write the certificate that tablets are given.")] = None,
) -> None:
    """Show the fingerprint of the box's clinic-network certificate, by which a person checks it on a tablet."""
    settings = load_settings(config, EdgeSettings)
    lan = LanCertificate(open_keys(settings.store).sealed, settings.http.lan_names, SystemClock())
    if out is not None:
        out.write_bytes(lan.authority)
    # Not by rich, which takes `:AB:` for a picture.
    typer.echo(f"SHA-256 {lan.fingerprint}\nfor {', '.join(settings.http.lan_names)}")


@app.command("fetch-bundle")
def fetch_bundle(
    config: ConfigOption,
    name: Annotated[str, typer.Argument(help="Name of the bundle.")],
    version: Annotated[str, typer.Argument(help="Its version.")],
) -> None:
    """Fetch a released bundle into the staging folder and verify it; it is not activated."""
    from edge.sync.bundles import BundleFetcher  # noqa: PLC0415 - the other commands need no hub
    from edge.sync.hub_channel import HubChannel  # noqa: PLC0415

    settings = load_settings(config, EdgeSettings)
    hub, keys = settings.hub, open_keys(settings.store)
    channel = HubChannel(f"{hub.rpc_host}:{hub.rpc_port}", BoxCertificate(keys.sealed).present)
    staging, trusted = settings.store.folder / "staging", frozenset(hub.release_keys)
    fetched = BundleFetcher(channel, staging, trusted, hub.bundle_max_bytes).fetch(name, version)
    Console().print(f"{fetched} is verified", highlight=False)


@app.command("book-day")
def book_day(
    config: ConfigOption,
    day: Annotated[str, typer.Option(help="First day, as an ISO date; today by default.")] = "",
    days: Annotated[int, typer.Option(help="Days to book.", min=1, max=14)] = 1,
    appointments: Annotated[int, typer.Option(help="Visits to ask for a day.", min=1, max=120)] = 60,
    seed: Annotated[int, typer.Option(help="Same seed, same days.")] = 1,
) -> None:
    """Book realistic days from the clinic's file, for demonstrations; a day already booked stays as it is."""
    from edge.demo_day import book_demo_days  # noqa: PLC0415 - loads the solver

    settings = load_settings(config, EdgeSettings)
    first = date.fromisoformat(day) if day else None
    for booked in book_demo_days(settings, first, days, appointments, seed):
        Console().print(f"{booked.day}: {booked.placed} visits booked, {booked.declined} declined", highlight=False)
