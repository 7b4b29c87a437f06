"""What the box counts for Prometheus; no label names a person."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.faces.status import BoxStatus
from edge.sync.link import SyncLink


class BoxMetrics:
    """The box's metrics, read when they are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def watch(self, status: BoxStatus, link: SyncLink, certificate_days: Callable[[], float]) -> None:
        """Register the collector."""
        self.registry.register(_BoxCollector(status, link, certificate_days))


class _BoxCollector(Collector):
    def __init__(self, status: BoxStatus, link: SyncLink, certificate_days: Callable[[], float]) -> None:
        self._status = status
        self._link = link
        self._certificate_days = certificate_days

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing in advance, so that registering asks for no state."""
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the present values."""
        events, images, _ = self._status.backlog()
        link, analysis = self._link.status, self._status.analysis()
        values = {
            "medspa_box_backlog_events": ("Events the hub has not acknowledged.", events),
            "medspa_box_backlog_images": ("Images the hub has not confirmed.", images),
            "medspa_box_online": ("1 while the hub answers.", link.online),
            "medspa_box_fenced": ("1 while the hub refuses this box.", link.fenced is not None),
            "medspa_box_acknowledged_seq": ("Last event the hub has applied.", link.acknowledged_seq),
            "medspa_box_events_sent": ("Events handed to the broker since the start, repeats included.", link.sent),
            "medspa_box_resends": ("Times that sending had to start again.", link.resent),
            "medspa_box_duplicates_discarded": ("Events the hub said it discarded.", link.duplicates),
            "medspa_box_certificate_days": (
                "Days left of the certificate for the hub; below zero it has ended.",
                self._certificate_days(),
            ),
            "medspa_box_messages_refused": ("Messages that could not be opened.", link.refused),
            "medspa_box_analysis_degraded": (
                "1 while the analysis runs on less than it could, or not as released.",
                analysis is not None and analysis.degraded is not None,
            ),
        }
        return [GaugeMetricFamily(name, text, value=float(value)) for name, (text, value) in values.items()]
