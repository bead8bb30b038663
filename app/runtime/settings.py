"""The operator's settings for a run: environment, `.env`, and secrets made on the first day."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from app.runtime.failure import Failure
from app.runtime.folders import private_folder

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """What `make run` was given; empty means "use the embedded one"."""

    data: Path
    host: str
    port: int
    database_url: str
    owner_url: str
    redis_url: str
    evolution_url: str
    env: dict[str, str] = field(repr=False)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment, then `.env` for what it leaves open. Makes the data folder and the secrets."""
    given = dict(os.environ if environment is None else environment)
    from_file = {name: value for name, value in dotenv_values(PROJECT / ".env").items() if value}
    env = {**from_file, **{name: value for name, value in given.items() if value}}
    data = _data_folder(env.get("RECADO_DATA") or "instance")
    env = {**_secrets(data / "secrets.env", env), **env, "RECADO_DATA": str(data)}
    return Settings(
        data=data,
        host=env.get("HOST") or "127.0.0.1",
        port=_port(env.get("PORT") or "5000"),
        database_url=env.get("DATABASE_URL", ""),
        owner_url=env.get("MIGRATION_DATABASE_URL", ""),
        redis_url=env.get("REDIS_URL", ""),
        evolution_url=env.get("EVOLUTION_API_URL", ""),
        env=env,
    )


def _data_folder(named: str) -> Path:
    folder = (PROJECT / named).resolve()
    try:
        return private_folder(folder)
    except OSError as error:
        raise Failure(f"RECADO_DATA: a pasta {folder} não pode ser usada ({error.strerror})") from error


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise Failure(f"PORT inválida (invalid): {text}")


def _secrets(file: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The kept secrets, completed with new ones for whatever is set nowhere."""
    kept = {name: value for name, value in dotenv_values(file).items() if value} if file.exists() else {}
    fresh = {name: make() for name, make in _MAKERS.items() if not kept.get(name) and not env.get(name)}
    if fresh:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as handle:
            handle.writelines(f"{name}={value}\n" for name, value in fresh.items())
    return kept | fresh


_MAKERS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
    # Closes the backups. It has to be kept elsewhere too: a burnt server takes its own copy along.
    "BACKUP_KEY": lambda: secrets.token_urlsafe(32),
    # What the simulator asks for; a real gateway's key comes from the operator.
    "SIMULATOR_KEY": lambda: secrets.token_hex(16).upper(),
}
