"""Addresses that people give us to call: media by URL, webhooks. Nobody reaches our own network through them.

`check_url` is for doors and services; `request`, `fetch` and `Line` are for workers only.
"""

from app.core.outbound.addresses import check_url, configure
from app.core.outbound.client import Answer, Fetched, Line, OutboundError, fetch, request

__all__ = ["Answer", "Fetched", "Line", "OutboundError", "check_url", "configure", "fetch", "request"]
