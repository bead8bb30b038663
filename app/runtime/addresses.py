"""Where database and Redis of these settings are: the operator's, else those of the embedded servers."""

from dataclasses import dataclass

from app.runtime import postgres
from app.runtime.folders import socket_folder
from app.runtime.settings import Settings
from app.runtime.valkey import Cache


@dataclass(frozen=True)
class Addresses:
    """`owner_url` is empty where the operator gave a database and no owner."""

    database_url: str
    owner_url: str
    redis_url: str


def of(settings: Settings) -> Addresses:
    """Touches and starts nothing."""
    sockets = socket_folder(settings.data)
    cluster = postgres.Cluster(settings.data / f"pg{postgres.major()}", sockets)
    redis_url = settings.redis_url or Cache(settings.data / "valkey", sockets / "valkey.sock").url
    if settings.database_url:
        return Addresses(settings.database_url, settings.owner_url, redis_url)
    return Addresses(cluster.app_url, cluster.owner_url, redis_url)
