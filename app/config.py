"""Settings, read from the environment once at start. Every key is documented in `.env.example`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path


class ConfigError(Exception):
    """A setting is missing or unusable; the message is one clear line for the operator."""


def _int(env: Mapping[str, str], key: str, default: int) -> int:
    raw = env.get(key, "").strip()
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError as exc:
        raise ConfigError(f"{key} must be a whole number, not {raw!r}") from exc


def _list(env: Mapping[str, str], key: str) -> list[str]:
    return [part.strip() for part in env.get(key, "").split(",") if part.strip()]


def _one_of(env: Mapping[str, str], key: str, choices: tuple[str, ...]) -> str:
    """The first is the default."""
    value = env.get(key, "").strip().lower() or choices[0]
    if value not in choices:
        raise ConfigError(f"{key} must be {' or '.join(choices)}, not {value!r}")
    return value


def psycopg2_url(url: str) -> str:
    """Name the driver: SQLAlchemy 2.1 reads a bare `postgresql://` as psycopg 3, which blocks the hub."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url[len(prefix) :]
    return url


@dataclass(frozen=True)
class SendTimings:
    """Waits of the send queue, in seconds; settings so that drills can run them fast."""

    shift: float = 20.0
    lease: float = 90.0
    idle_poll: float = 1.0
    sweep: float = 5.0
    retry_after: tuple[float, ...] = (60.0, 300.0, 900.0)
    probe_after: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0, 60.0)
    verify_settle: float = 3.0
    recipient_open: float = 120.0
    recipient_open_high: float = 60.0
    http_timeout: float = 30.0
    silent_after: float = 300.0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "SendTimings":
        """`SEND_TIME_SCALE=0.01` makes every wait a hundredth: for drills and demonstrations only."""
        scale = float(env.get("SEND_TIME_SCALE") or 1)
        if scale == 1:
            return cls()
        values = {name: getattr(cls, name) for name in cls.__dataclass_fields__ if name not in ("shift", "idle_poll")}
        scaled = {k: tuple(v * scale for v in x) if isinstance(x := v, tuple) else v * scale for k, v in values.items()}
        scaled["lease"] = max(scaled["lease"], 2.0)
        scaled["http_timeout"] = max(scaled["http_timeout"], 1.0)
        # Silence is other people's: webhooks and the worker that reads them do not go faster.
        scaled["silent_after"] = max(scaled["silent_after"], 60.0)
        return cls(**scaled)


@dataclass(frozen=True)
class SignInProvider:
    """An account elsewhere that people may sign in with; switched off without an id. `url` is for trials."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    url: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str], name: str) -> "SignInProvider":
        given = [env.get(f"{name}_{key}", "").strip() for key in ("CLIENT_ID", "CLIENT_SECRET", "SIGN_IN_URL")]
        return cls(given[0], given[1], given[2].rstrip("/"))


def _speech_accounts(env: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What companies without credentials of their own speak with. Raises ConfigError for a file that isn't there."""
    azure = {"key": env.get("AZURE_SPEECH_KEY", ""), "region": env.get("AZURE_SPEECH_REGION", "")}
    amazon = {
        "access_key_id": env.get("AWS_ACCESS_KEY_ID", ""),
        "secret_access_key": env.get("AWS_SECRET_ACCESS_KEY", ""),
        "region": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", ""),
    }
    google: dict[str, str] = {}
    if path := env.get("GOOGLE_APPLICATION_CREDENTIALS", "").strip():
        try:
            google["service_account"] = Path(path).read_text()
        except (OSError, ValueError) as exc:
            raise ConfigError(f"GOOGLE_APPLICATION_CREDENTIALS: {path} cannot be read") from exc
    found = {"azure": azure, "amazon": amazon, "google": google}
    return {name: values for name, values in found.items() if values and all(values.values())}


@dataclass(frozen=True)
class VoiceLimits:
    """Of spoken messages. `lease` and `patience` in seconds: how long a killed worker's audio is waited for, and how
    long anybody waits. `ahead`: audios kept ready before their turn, made `chunk` at a time by `crew` threads."""

    lease: float = 120.0
    patience: float = 180.0
    ahead: int = 200
    chunk: int = 20
    crew: int = 4
    keep_days: int = 30
    cache_mb: float = 10 * 1024
    prices: str = ""
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)  # the server's own, by provider
    endpoints: tuple[str, ...] = ()  # `azure=http://127.0.0.1:9`: where a provider is, for tests and private clouds

    def endpoint_of(self, provider: str) -> str:
        return next((one.partition("=")[2] for one in self.endpoints if one.startswith(f"{provider}=")), "")

    def account_of(self, provider: str) -> dict[str, str]:
        return dict(self.accounts.get(provider, {}))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "VoiceLimits":
        return cls(
            lease=_int(env, "TTS_LEASE_SECONDS", int(cls.lease)),
            ahead=_int(env, "TTS_AHEAD", cls.ahead),
            crew=_int(env, "TTS_THREADS", cls.crew),
            keep_days=_int(env, "TTS_CACHE_DAYS", cls.keep_days),
            cache_mb=_int(env, "TTS_CACHE_MB", cls.cache_mb),
            prices=env.get("TTS_PRICES", ""),
            accounts=_speech_accounts(env),
            endpoints=tuple(_list(env, "TTS_ENDPOINTS")),
        )


@dataclass(frozen=True)
class Config:
    database_url: str
    redis_url: str
    secret_key: str
    migration_database_url: str = ""
    port: int = 5000
    host: str = "127.0.0.1"
    public_url: str = "http://127.0.0.1:5000"
    data_dir: Path = Path("instance")
    encryption_keys: list[str] = field(default_factory=list)
    evolution_api_url: str = ""
    evolution_api_key: str = ""
    graph_api_url: str = "https://graph.facebook.com"
    admin_email: str = ""
    admin_password: str = ""
    api_rate_limit: str = "100 per minute"
    login_rate_limit: str = "5 per 15 minutes"
    trusted_proxies: int = 0
    outbound_allow: list[str] = field(default_factory=list)
    cors_origins: list[str] = field(default_factory=list)
    storage_url: str = "file:"
    accel_redirect: str = ""
    jwt_access_minutes: int = 15
    jwt_refresh_days: int = 7
    metrics_token: str = ""
    sentry_dsn: str = ""
    sql_pool_size: int = 16
    sql_statement_seconds: int = 0
    worker_memory_mb: int = 900
    testing: bool = False
    simulated: bool = False
    embedded: bool = False
    registration: str = "closed"
    smtp_url: str = ""
    mail_from: str = ""
    google: SignInProvider = field(default_factory=lambda: SignInProvider())
    facebook: SignInProvider = field(default_factory=lambda: SignInProvider())
    send: SendTimings = field(default_factory=SendTimings)
    voice: VoiceLimits = field(default_factory=VoiceLimits)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Raises ConfigError with one line when a needed key is missing or wrong."""
        env = os.environ if env is None else env
        for key in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
            if not env.get(key):
                raise ConfigError(f"{key} is not set (use `make run`, which supplies everything)")
        port = _int(env, "PORT", 5000)
        return cls(
            database_url=psycopg2_url(env["DATABASE_URL"]),
            migration_database_url=psycopg2_url(env.get("MIGRATION_DATABASE_URL", "")),
            redis_url=env["REDIS_URL"],
            secret_key=env["SECRET_KEY"],
            port=port,
            host=env.get("HOST") or "127.0.0.1",
            public_url=(env.get("PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
            data_dir=Path(env.get("RECADO_DATA") or "instance").resolve(),
            encryption_keys=_list(env, "ENCRYPTION_KEYS"),
            evolution_api_url=env.get("EVOLUTION_API_URL", "").rstrip("/"),
            evolution_api_key=env.get("EVOLUTION_API_KEY", ""),
            graph_api_url=env.get("GRAPH_API_URL") or cls.graph_api_url,
            admin_email=env.get("ADMIN_EMAIL", ""),
            admin_password=env.get("ADMIN_PASSWORD", ""),
            api_rate_limit=env.get("API_RATE_LIMIT") or cls.api_rate_limit,
            login_rate_limit=env.get("LOGIN_RATE_LIMIT") or cls.login_rate_limit,
            trusted_proxies=_int(env, "TRUSTED_PROXIES", 0),
            outbound_allow=_list(env, "OUTBOUND_ALLOW"),
            cors_origins=_list(env, "CORS_ORIGINS"),
            storage_url=env.get("STORAGE_URL") or cls.storage_url,
            accel_redirect=env.get("ACCEL_REDIRECT", ""),
            jwt_access_minutes=_int(env, "JWT_ACCESS_MINUTES", 15),
            jwt_refresh_days=_int(env, "JWT_REFRESH_DAYS", 7),
            metrics_token=env.get("METRICS_TOKEN", ""),
            sentry_dsn=env.get("SENTRY_DSN", ""),
            sql_pool_size=_int(env, "SQL_POOL_SIZE", 16),
            worker_memory_mb=_int(env, "WORKER_MEMORY_MB", cls.worker_memory_mb),
            simulated=env.get("RECADO_SIMULATED") == "1",
            embedded=env.get("RECADO_EMBEDDED") == "1",
            registration=_one_of(env, "REGISTRATION", ("closed", "open")),
            smtp_url=env.get("SMTP_URL", "").strip(),
            mail_from=env.get("MAIL_FROM", "").strip(),
            google=SignInProvider.from_env(env, "GOOGLE"),
            facebook=SignInProvider.from_env(env, "FACEBOOK"),
            send=SendTimings.from_env(env),
            voice=VoiceLimits.from_env(env),
        )

    def for_pages(self, env: Mapping[str, str] | None = None) -> "Config":
        """Of a web process: whoever asked is gone before nginx is (75 s). Jobs and the console may take their time."""
        env = os.environ if env is None else env
        return replace(self, sql_statement_seconds=_int(env, "SQL_STATEMENT_SECONDS", 60))

    def _deadlines(self) -> str:
        """Of the database, for every session: nothing is kept locked by who went silent, or computed for who left."""
        limits = {"idle_in_transaction_session_timeout": 60, "statement_timeout": self.sql_statement_seconds}
        return " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())

    def flask(self) -> dict[str, object]:
        """The same settings under the names that Flask and its extensions read."""
        return {
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "pool_size": self.sql_pool_size,
                "max_overflow": 0,
                "pool_pre_ping": True,
                "connect_args": {"application_name": "recado", "connect_timeout": 5, "options": self._deadlines()},
            },
            "TESTING": self.testing,
            "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.public_url.startswith("https://"),
            "SESSION_COOKIE_NAME": "recado",
            "WTF_CSRF_TIME_LIMIT": None,
            "BABEL_DEFAULT_LOCALE": "pt_BR",
            "BABEL_DEFAULT_TIMEZONE": "America/Sao_Paulo",
        }
