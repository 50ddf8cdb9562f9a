"""Prometheus metrics of every service: requests by route and answer, and how long they took."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ServiceMetrics:
    """The metrics that chassis keeps; a service adds its own to ``registry`` in its ``metrics.py``."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "cloudpoint_requests_total", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "cloudpoint_request_seconds", "Seconds from request to answer.", ("route",), registry=self.registry
        )
        self.in_flight = Gauge("cloudpoint_requests_in_flight", "Requests being answered.", registry=self.registry)
        self.refusals = Counter(
            "cloudpoint_refusals_total", "Requests refused for want of permission.", ("route",), registry=self.registry
        )
        Gauge("cloudpoint_service_info", "Which service this is.", ("service",), registry=self.registry).labels(
            service
        ).set(1)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; ``route`` is the path with placeholders, never the path itself."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def render(self) -> bytes:
        """Return the text exposition format."""
        return generate_latest(self.registry)
