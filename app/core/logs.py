"""One JSON object a line, ours and the libraries' alike, so that no value can forge a line."""

import logging
import sys

import structlog

from app.core.context import find_actor


def _name_the_company(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whose work it was; who the person was is in the audit log, not here."""
    actor = find_actor()
    if actor is not None:
        line.setdefault("tenant_id", str(actor.tenant_id))
    return line


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    _name_the_company,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def configure(level: str = "INFO") -> None:
    """For processes; tests keep pytest's own handlers."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
