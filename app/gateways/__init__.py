from functools import cache

from app.gateways.errors import NotSupported
from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Gateway

_GATEWAYS: dict[str, type[EvolutionGateway]] = {"evolution": EvolutionGateway}


@cache
def gateway_for(provider: str, read_seconds: float = 30.0) -> Gateway:
    """One shared, thread-safe object: it owns the pooled connections."""
    if provider not in _GATEWAYS:
        raise NotSupported(f"no gateway for provider {provider!r}")
    return _GATEWAYS[provider](read_seconds=read_seconds)
