from app.gateways.evolution.gateway import EvolutionGateway

__all__ = ["EvolutionGateway"]
