"""Three texts that every company starts with, so that the first campaign takes minutes."""

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from app.core import clock, ids
from app.core.context import current_actor
from app.core.db import transaction
from app.templates.models import Template
from app.templates.rules import variables


def on_tenant_created(tenant_id: str) -> None:
    """Subscriber of `tenant.created`, inside its transaction."""
    make_ready_templates()


def make_ready_templates() -> None:
    """In the current company; names that exist are left as they are, so running twice changes nothing."""
    now = clock.now()
    rows = [
        {
            "id": ids.new_id(),
            "tenant_id": current_actor().tenant_id,
            "name": name,
            "category": category,
            "content": content,
            "variables": [{"name": found.name, "default": found.default} for found in variables(content)],
            "created_at": now,
            "updated_at": now,
        }
        for name, category, content in _ready()
    ]
    with transaction() as session:
        session.execute(insert(Template).values(rows).on_conflict_do_nothing())


def _ready() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            _("Boas-vindas"),
            "utility",
            _(
                "Olá, {primeiro_nome|tudo bem}! 👋\n"
                "\n"
                "Que bom ter você com a gente. Por aqui você tira dúvidas, faz pedidos e acompanha tudo.\n"
                "\n"
                "Se precisar de algo, é só responder esta mensagem."
            ),
        ),
        (
            _("Promoção"),
            "marketing",
            _(
                "Oi, {primeiro_nome|tudo bem}? Temos uma novidade para você! 🎉\n"
                "\n"
                "*{oferta|Frete grátis em toda a loja}* até {validade|domingo}.\n"
                "\n"
                "Quer aproveitar? Responda *QUERO* que a gente separa para você.\n"
                "\n"
                "_Para não receber mais, responda SAIR._"
            ),
        ),
        (
            _("Confirmação"),
            "utility",
            _(
                "Olá, {primeiro_nome|tudo bem}!\n"
                "\n"
                "Seu {servico|horário} está marcado para *{data|amanhã}* às *{hora|10h}*. ✅\n"
                "\n"
                "Responda *1* para confirmar ou *2* para remarcar."
            ),
        ),
    )
