"""Which addresses may be called: http(s), no credentials, and every address behind the name is public."""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

from flask_babel import gettext as _

from app.config import ConfigError
from app.core.errors import Invalid

Address = IPv4Address | IPv6Address
MAX_LENGTH = 2000
_UNPRINTABLE = re.compile(r"[\s\\\x00-\x1f\x7f]")
_NAT64 = ip_network("64:ff9b::/96")
_allowed: list = []


@dataclass(frozen=True)
class Target:
    """A checked address: who to connect to (`addresses`), and who to say we are calling (`host`)."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == default_port(self.scheme) else f"{host}:{self.port}"


def configure(allow: Iterable[str]) -> None:
    """`allow`: CIDRs that may be called although they are private."""
    global _allowed
    try:
        _allowed = [ip_network(block, strict=False) for block in allow]
    except ValueError as error:
        raise ConfigError(f"OUTBOUND_ALLOW must be CIDRs separated by commas: {error}") from error


def check_url(url: str, field: str = "url") -> None:
    """Raises Invalid with the reason. Asks the name server, so its answer holds for now only; `request` asks again."""
    resolve(url, field)


def default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def resolve(url: str, field: str = "url") -> Target:
    parts, host, port = _split(url, field)
    addresses = _look_up(host, port, field)
    if not addresses or not all(map(_is_public, addresses)):
        raise Invalid.field(field, _("Este endereço aponta para uma rede interna e não pode ser usado."))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(url, parts.scheme, host, port, path + (f"?{query}" if query else ""), tuple(map(str, addresses)))


def _split(url: str, field: str) -> tuple[SplitResult, str, int]:
    try:
        if len(url) > MAX_LENGTH or _UNPRINTABLE.search(url):
            raise ValueError
        parts = urlsplit(url)
        host = _ascii((parts.hostname or "").rstrip("."))
        port = parts.port if parts.port is not None else default_port(parts.scheme)
        if parts.scheme not in ("http", "https") or not host or not port:
            raise ValueError
    except ValueError as error:
        raise Invalid.field(field, _("Use um endereço completo, começando com http:// ou https://.")) from error
    if parts.username is not None or parts.password is not None:
        raise Invalid.field(field, _("O endereço não pode conter usuário e senha."))
    return parts, host, port


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


def _look_up(host: str, port: int, field: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Invalid.field(field, _("Não encontramos o servidor “%(host)s”.", host=host)) from error
    return [ip_address(name) for name in dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found)]


def _is_public(address: Address) -> bool:
    inner = _inner(address)
    if any(address in block or inner in block for block in _allowed):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _inner(address: Address) -> Address:
    """The IPv4 address that a mapped, 6to4, Teredo or NAT64 one reaches."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
