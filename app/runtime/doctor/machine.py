"""Settings, disk, memory, nginx, certificate and backups."""

import resource
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from app.config import Config, ConfigError
from app.core import backup_state as state
from app.core import crypto
from app.runtime.doctor.findings import Finding, Patient, ill, well, worry

LEAST_DISK, LEAST_MEMORY = 0.20, 0.15
LEAST_FILES = 21_000
BACKUP_HOURS, DRILL_HOURS = 2, 36
CERTIFICATE_DAYS = 14


def configuration(patient: Patient) -> Iterator[Finding]:
    env = {"DATABASE_URL": patient.database_url, "REDIS_URL": patient.redis_url, **patient.settings.env}
    try:
        config = Config.from_env(env)
        crypto.configure(config.encryption_keys, config.secret_key)
    except (ConfigError, ValueError) as error:
        yield ill(str(error), "corrija no .env; .env.example explica cada chave")
        return
    yield well("configuração entendida (config)")
    if len(config.secret_key) < 32:
        yield ill(
            "SECRET_KEY é curta", "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'; todos entram de novo"
        )
    if not config.encryption_keys:
        yield worry(
            "ENCRYPTION_KEYS vazia: as credenciais dependem da SECRET_KEY", "defina-a antes de mudar a SECRET_KEY"
        )
    is_public = urlsplit(config.public_url).hostname not in ("127.0.0.1", "localhost")
    if is_public and not config.public_url.startswith("https://"):
        yield ill("PUBLIC_URL sem https: senhas e conversas viajam abertas", "um certificado e https:// em PUBLIC_URL")
    if is_public and not config.trusted_proxies:
        yield worry("TRUSTED_PROXIES=0: todos parecem vir do proxy", "atrás do nginx.conf: TRUSTED_PROXIES=1")
    if not config.metrics_token and is_public:
        yield worry("/metrics/prometheus está aberto", "defina METRICS_TOKEN")


def room(patient: Patient) -> Iterator[Finding]:
    disk = shutil.disk_usage(patient.settings.data)
    if disk.free < disk.total * LEAST_DISK:
        yield ill(
            f"disco com {disk.free / disk.total:.0%} livre",
            "apague o que não é do Recado, mova as cópias, aumente o disco",
        )
    else:
        yield well(f"disco com {disk.free / disk.total:.0%} livre")
    memory = psutil.virtual_memory()
    if memory.available < memory.total * LEAST_MEMORY:
        yield worry(
            f"memória com {memory.available / memory.total:.0%} livre",
            "docs/sizing.md: menos processos, ou mais memória",
        )
    else:
        yield well(f"memória com {memory.available / memory.total:.0%} livre")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < LEAST_FILES:
        yield worry(
            f"no máximo {hard} arquivos abertos por processo", "LimitNOFILE=65536 na unidade (systemd/ já traz)"
        )


def nginx(patient: Patient) -> Iterator[Finding]:
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        if patient.get("TRUSTED_PROXIES") not in ("", "0"):
            yield worry("nginx não está nesta máquina", "se o proxy é outro, confira sockets e limites por nginx.conf")
        return
    told = subprocess.run([found, "-t", "-q"], capture_output=True, text=True, check=False)
    if told.returncode and "Permission denied" not in told.stderr:
        yield ill(
            f"nginx: {told.stderr.strip().splitlines()[0][:160]}", "nginx -t diz a linha; depois systemctl reload nginx"
        )
    elif not told.returncode:
        yield well("nginx aceita a sua configuração")


def certificate(patient: Patient) -> Iterator[Finding]:
    parts = urlsplit(patient.get("PUBLIC_URL"))
    if parts.scheme != "https" or not parts.hostname:
        return
    try:
        context = ssl.create_default_context()
        line = socket.create_connection((parts.hostname, parts.port or 443), timeout=10)
        with line, context.wrap_socket(line, server_hostname=parts.hostname) as secure:
            ends = str((secure.getpeercert() or {}).get("notAfter"))
    except (OSError, ssl.SSLError) as error:
        yield ill(
            f"{patient.get('PUBLIC_URL')} não abre ({error})", "DNS, porta 443, nginx e certificado: certbot renew"
        )
        return
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - patient.now
    if left < timedelta(days=CERTIFICATE_DAYS):
        yield ill(f"o certificado acaba em {left.days} dias", "certbot renew; systemctl status certbot.timer")
    else:
        yield well(f"o certificado vale por mais {left.days} dias")


def backups(patient: Patient) -> Iterator[Finding]:
    known = state.read(patient.settings.data)
    yield _recent(patient, known.get("backup"), BACKUP_HOURS, "cópia de segurança", "backup")
    drill = known.get("drill")
    if drill and not drill.get("ok"):
        yield ill(f"a última cópia NÃO restaura: {drill.get('error')}", "recado.py backup; recado.py restore-drill")
    else:
        yield _recent(patient, drill, DRILL_HOURS, "restauração ensaiada", "restore-drill")
    if not patient.get("BACKUP_URL"):
        yield worry("as cópias ficam só neste disco", "BACKUP_URL=s3://… ou outro disco: um servidor perdido leva tudo")
    secrets = Path(patient.settings.data / "secrets.env")
    if secrets.exists() and secrets.stat().st_mode & 0o077:
        yield ill("outros usuários leem secrets.env", f"chmod 600 {secrets}")


def _recent(patient: Patient, known: dict[str, str] | None, hours: int, name: str, command: str) -> Finding:
    if not known:
        return ill(f"nenhuma {name} até hoje", f"recado.py {command}; systemctl start recado-{command}.timer")
    age = patient.now - datetime.fromisoformat(known["at"])
    if age > timedelta(hours=hours):
        return ill(f"a última {name} tem {age.total_seconds() / 3600:.0f} h", f"journalctl -u recado-{command}")
    return well(f"{name} há {max(age.total_seconds(), 0) / 60:.0f} min")
