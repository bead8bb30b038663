"""The factory: configuration, extensions, blueprints, command line; nothing else."""

import importlib

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import extensions
from app.campaigns import service as campaigns
from app.config import Config
from app.contacts.service.merges import follow_merges
from app.core import background, crypto, facts, files, mailing, outbound, prometheus, realtime, storage, tracing
from app.hooks import service as hooks
from app.inbox.service import audience, leaving, merging, on_queued
from app.media import service as media
from app.outbox.service import brakes, repair, spoken_in_queue
from app.templates.service import on_tenant_created
from app.ui.i18n import choose_locale, choose_timezone
from app.voice.service import keeping
from app.voice.service import limits as voice_limits
from app.voice.service import on_tenant_created as on_first_day

# Doors that the factory opens. A feature appears here once, and its rooms are found by name.
BLUEPRINTS = (
    "app.ui",
    "app.accounts.views",
    "app.dashboard.views",
    "app.contacts.views",
    "app.instances.views",
    "app.media.views",
    "app.templates.views",
    "app.inbox.views",
    "app.voice.views",
    "app.campaigns.views",
    "app.hooks.views",
    "app.webhooks.views",
    "app.alerts.views",
    "app.webhooks.evolution",
    "app.api",
)
JOBS = (
    "app.accounts.jobs",
    "app.contacts.jobs",
    "app.instances.jobs",
    "app.media.jobs",
    "app.messages.jobs",
    "app.voice.jobs",
    "app.outbox.jobs",
    "app.campaigns.jobs",
    "app.inbox.jobs",
    "app.hooks.jobs",
    "app.webhooks.jobs",
    "app.alerts.jobs",
)
SOCKETS = ("app.accounts.sockets", "app.inbox.sockets")
COMMANDS = ("app.accounts.cli", "app.outbox.cli", "app.webhooks.cli")


def create_app(config: Config | None = None) -> Flask:
    """One application object, for web, workers and the command line alike."""
    config = config or Config.from_env()
    app = Flask("app", static_folder=None, template_folder=None)
    app.config.update(config.flask())
    app.extensions["recado"] = config
    crypto.configure(config.encryption_keys, config.secret_key)
    files.configure(config.data_dir)
    storage.configure(config.storage_url, config.data_dir)
    outbound.configure(config.outbound_allow)
    mailing.configure(config)
    background.connect(config.redis_url)
    voice_limits.configure(config.voice)
    _trust_proxies(app, config.trusted_proxies)
    tracing.init_app(app)
    _bind_extensions(app)
    _open_doors(app)
    _wire_features()
    background.load_jobs(list(JOBS))
    return app


def _trust_proxies(app: Flask, count: int) -> None:
    """The client's address is the connection's, unless that many proxies in front are ours."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _bind_extensions(app: Flask) -> None:
    extensions.db.init_app(app)
    prometheus.pool_size.set(app.extensions["recado"].sql_pool_size)
    extensions.migrate.init_app(app, extensions.db)
    extensions.babel.init_app(app, locale_selector=choose_locale, timezone_selector=choose_timezone)
    extensions.csrf.init_app(app)
    extensions.login_manager.init_app(app)


def _wire_features() -> None:
    """News that goes up: a lower feature tells, an upper one listens in the same transaction."""
    follow_merges("inbox", merging.join, merging.part)
    facts.subscribe("instance.disconnected", brakes.on_disconnected)
    facts.subscribe("instance.deleted", repair.on_number_deleted)
    facts.subscribe("instance.braked", campaigns.brake)
    facts.subscribe("tenant.created", on_tenant_created)
    facts.subscribe("tenant.created", on_first_day)
    facts.subscribe("message.queued", on_queued)
    facts.subscribe("media.created", media.on_created)
    for name in hooks.FACTS:
        facts.subscribe(name, hooks.wake)
    facts.subscribe("user.deactivated", leaving.on_user_deactivated)
    keeping.ask("outbox", spoken_in_queue)
    facts.address(audience.FACTS, audience.rooms)


def _open_doors(app: Flask) -> None:
    """Each door module has `init_app(app)`."""
    for name in (*BLUEPRINTS, *COMMANDS):
        importlib.import_module(name).init_app(app)


def serve_sockets(app: Flask, *, async_mode: str) -> None:
    """Only web processes have socket clients; the others publish through Redis."""
    config = app.extensions["recado"]
    server = realtime.serve(app, config.redis_url, async_mode=async_mode)
    # Sockets are answered in front of Flask, so the proxies have to be told of there too; twice is as good as once.
    _trust_proxies(app, config.trusted_proxies)
    for name in SOCKETS:
        importlib.import_module(name).register(server, app)
