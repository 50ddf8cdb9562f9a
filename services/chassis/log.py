"""Structured logs: one event a line, with the ids of request, operation and cluster bound to the task."""

import contextlib
import io
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from services.chassis.config import LogSettings

__all__ = ["bind_contextvars", "clear_contextvars", "configure_logs", "get_logger"]

_SECRET_WORDS = ("password", "secret", "token", "private_key", "authorization", "credential")


class _Stderr(io.TextIOBase):
    """What ``sys.stderr`` is at the moment of writing: whoever replaces it gets what comes after.

    What can't be written, because the disk is full, is lost: no work stops for want of a line about it.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


_STDERR = cast(TextIO, _Stderr())


def configure_logs(settings: LogSettings, service: str) -> None:
    """Send structlog's and the standard library's events to stderr, in one format, with ``service`` on each."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
        _hide_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.level)),
        logger_factory=structlog.PrintLoggerFactory(_STDERR),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_STDERR)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    logging.basicConfig(
        handlers=[handler], level=max(logging.getLevelName(settings.level), logging.WARNING), force=True
    )


def get_logger(room: str) -> Any:
    """Return the logger of a room; ``room`` tells where in the service the event comes from."""
    return structlog.get_logger(room=room)


def _name_service(service: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        return event

    return add


def _hide_secrets(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the value of any key that is named like a secret: the last net, not the first."""
    return {key: _hidden(key, value) for key, value in event.items()}


def _hidden(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _hidden(str(inner), held) for inner, held in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(key, held) for held in value]
    return "***" if isinstance(value, str | bytes) and any(word in key.lower() for word in _SECRET_WORDS) else value
