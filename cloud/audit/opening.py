"""What the configuration says of clinics' hours and of thresholds, as the rules take it."""

from zoneinfo import ZoneInfo

from cloud.audit.rules import Hours, Thresholds
from cloud.audit.watch import TenantHours
from cloud.config import HubSettings
from shared.ids import LocationId, TenantId


def hours_of(settings: HubSettings) -> TenantHours:
    """Return every clinic's hours."""
    return {
        TenantId(tenant.id): {
            LocationId(place.id): Hours(
                ZoneInfo(place.timezone), place.opens_minute, place.closes_minute, frozenset(place.open_days)
            )
            for place in tenant.locations
        }
        for tenant in settings.tenants
    }


def thresholds_of(settings: HubSettings) -> Thresholds:
    """Return the configured thresholds."""
    return Thresholds(**settings.alerts.model_dump())
