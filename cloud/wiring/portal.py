"""What the portal's pages ask."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI

from cloud.audit.desk import AlertDesk
from cloud.bookings.desk import BookingDesk
from cloud.ingest.parking import ParkedDesk
from cloud.portal.api import create_portal_api
from cloud.portal.ports import PortalPorts
from cloud.queries.erasures import ErasureQueries
from cloud.queries.ports import BookingQueries, ConfiguredViewer, FleetQueries, HubReadiness, ParkedDecisions
from cloud.storage.clinics import tenant_names
from cloud.wiring.opening import Core
from shared.events.catalogue import complete_catalogue
from shared.http.guard import GuardSettings
from shared.ids import TenantId


def make_portal(
    core: Core, desk: BookingDesk, erasures: ErasureQueries, works: Mapping[str, Callable[[], bool]]
) -> FastAPI:
    """Return the hub's web application.

    Args:
        core: what every part shares.
        desk: takes the portal's booking requests.
        erasures: takes the portal's requests to delete clients.
        works: tells for each part that boxes need whether it works now.
    """
    settings, database, clock = core.settings, core.database, core.clock
    tenant, portal = TenantId(settings.shown_tenant), settings.portal
    ports = PortalPorts(
        viewers=ConfiguredViewer(tenant, portal.viewer_name, portal.person_header),
        fleet=FleetQueries(database, clock, tenant_names(database)),
        bookings=BookingQueries(database, desk),
        parked=ParkedDecisions(ParkedDesk(database, complete_catalogue(), clock)),
        erasures=erasures,
        alerts=AlertDesk(database, core.keys, clock),
        readiness=HubReadiness(works),
        metrics=core.metrics.registry,
    )
    return create_portal_api(ports, portal.web_dist, GuardSettings(hosts=settings.http.names))
