"""What the hub counts for Prometheus; no label names a person, a device or a tenant."""

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from shared.errors import Retryable


class HubMetrics:
    """The hub's metrics on a registry of their own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.messages = Counter("medspa_hub_messages", "Messages opened, by kind.", ["kind"], registry=registry)
        self.refused = Counter("medspa_hub_messages_refused", "Messages refused, by code.", ["code"], registry=registry)
        self.dropped = Counter("medspa_hub_messages_dropped", "Messages dropped, queue full.", registry=registry)
        self.failed = Counter("medspa_hub_messages_failed", "Messages whose work failed.", registry=registry)
        self.waiting = Gauge("medspa_hub_messages_waiting", "Messages in the queue.", registry=registry)
        self.applied = Counter("medspa_hub_events_applied", "Events applied.", registry=registry)
        self.duplicates = Counter("medspa_hub_events_duplicate", "Events discarded as known.", registry=registry)
        self.parked = Counter("medspa_hub_events_parked", "Events set aside.", registry=registry)
        self.damaged = Counter("medspa_hub_events_damaged", "Stored events found damaged.", registry=registry)
        self.repaired = Counter("medspa_hub_events_repaired", "Damaged events put back.", registry=registry)
        self.gaps = Counter("medspa_hub_gaps", "Batches with events missing before them.", registry=registry)
        self.fenced = Counter("medspa_hub_answers_fenced", "Answers that refuse a log.", registry=registry)
        self.apply_seconds = Histogram("medspa_hub_apply_seconds", "Time to apply a batch.", registry=registry)
        self.blobs = Counter("medspa_hub_blobs_stored", "Images made durable.", registry=registry)
        self.blob_bytes = Counter("medspa_hub_blob_bytes", "Bytes of images received.", registry=registry)
        self.blobs_refused = Counter("medspa_hub_blobs_refused", "Image calls refused.", ["code"], registry=registry)
        self.certificate_days = Gauge(
            "medspa_hub_certificate_days",
            "Days left of the certificate that ends first, by kind; below zero it has ended.",
            ["kind"],
            registry=registry,
        )


class MetricsDoor:
    """Shows the metrics of a process that has no web server, at a port of their own."""

    def __init__(self, metrics: HubMetrics, host: str, port: int | None) -> None:
        """Make the door; nothing listens yet, and without a port nothing ever does."""
        self._metrics = metrics
        self._host = host
        self._port = port
        self._server: WSGIServer | None = None

    def start(self) -> None:
        """Listen.

        Raises:
            Retryable: the port is taken.
        """
        if self._port is None:
            return
        try:
            self._server, _ = start_http_server(self._port, self._host, self._metrics.registry)
        except OSError:
            raise Retryable(
                "port_taken",
                f"{self._host}:{self._port} cannot be listened on; give each worker a --metrics-port of its own",
            ) from None

    def stop(self) -> None:
        """Stop listening; nothing happens when nothing did."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
