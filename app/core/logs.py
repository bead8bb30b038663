"""One JSON object a line, ours and the libraries' alike, so that no value can forge a line."""

import logging
import re
import sys

import structlog

from app.core.context import find_actor


def _name_the_company(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whose work it was; who the person was is in the audit log, not here."""
    actor = find_actor()
    if actor is not None:
        line.setdefault("tenant_id", str(actor.tenant_id))
    return line


# Links in letters and of audios open things for whoever has them, and an error's line names its address: what follows
# these words, whatever it is, and anything long that is no id of a row.
_SECRET_IN_PATH = re.compile(
    r"(/(?:reset|invite|register|listen)/)[^/?\s\"'\]]+"
    r"|(/)(?![0-9a-fA-F-]{36}(?![\w-]))[\w=-]{40,}(?![\w.=-])"
    r"|(\brc[dr]_)[\w-]{8,}"
)


def _hide_secrets(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = masked(value)
    return line


def masked(words: str) -> str:
    """Without the secrets that an address may hold."""
    return _SECRET_IN_PATH.sub(lambda found: f"{found[1] or found[2] or found[3]}•••", words)


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    _name_the_company,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _hide_secrets,
]


def configure(level: str = "INFO") -> None:
    """For processes; tests keep pytest's own handlers."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
