from app.gateways.errors import NotSupported
from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Gateway

_GATEWAYS: dict[str, Gateway] = {"evolution": EvolutionGateway()}


def gateway_for(provider: str) -> Gateway:
    """One shared, thread-safe object per provider: it owns the pooled connections."""
    try:
        return _GATEWAYS[provider]
    except KeyError:
        raise NotSupported(f"no gateway for provider {provider!r}") from None
