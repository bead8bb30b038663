"""Addresses that people give us to call: media by URL, webhooks. Nobody reaches our own network through them.

`check_url` is for doors and services; `request` and `fetch` run in workers only.
"""

from app.core.outbound.addresses import check_url, configure
from app.core.outbound.client import Answer, Fetched, OutboundError, fetch, request

__all__ = ["Answer", "Fetched", "OutboundError", "check_url", "configure", "fetch", "request"]
