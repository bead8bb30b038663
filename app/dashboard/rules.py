"""What the figures mean, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Day:
    """Counts of one local day over all numbers."""

    day: date
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    received: int = 0

    @property
    def delivery_rate(self) -> float | None:
        return share(self.delivered, self.sent)

    @property
    def read_rate(self) -> float | None:
        return share(self.read, self.sent)

    @property
    def reply_rate(self) -> float | None:
        return share(self.replied, self.sent)


def share(part: int, whole: int) -> float | None:
    """None without a whole. Receipts of yesterday's messages arrive today: never above 1."""
    return min(part / whole, 1.0) if whole else None


def fill_days(found: Sequence[Day], last: date, count: int) -> list[Day]:
    """One entry per day up to `last`, quiet days included."""
    by_day = {day.day: day for day in found}
    days = [last - timedelta(days=back) for back in reversed(range(count))]
    return [by_day.get(day) or Day(day) for day in days]


def greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return _("Bom dia")
    return _("Boa tarde") if 12 <= hour < 18 else _("Boa noite")


@dataclass(frozen=True)
class Step:
    """One of the four things between a new account and its first messages."""

    key: str
    title: object
    text: object
    action: object
    path: str
    icon: str
    permission: str
    is_done: bool = False


_STEPS = (
    (
        "contacts",
        _l("Importe seus contatos"),
        _l("Uma planilha do Excel basta. A gente confere cada telefone antes de gravar."),
        _l("Importar planilha"),
        "/contacts/import",
        "file-spreadsheet",
        "contacts.manage",
    ),
    (
        "number",
        _l("Conecte um número"),
        _l("Leia o QR code com o WhatsApp da empresa, como no WhatsApp Web."),
        _l("Conectar número"),
        "/instances",
        "qrcode",
        "instances.connect",
    ),
    (
        "campaign",
        _l("Crie uma campanha"),
        _l("Escreva a mensagem com o nome de cada pessoa e leia todas antes de enviar."),
        _l("Criar campanha"),
        "/campaigns/new",
        "speakerphone",
        "campaigns.write",
    ),
    (
        "sent",
        _l("Envie e acompanhe"),
        _l("As mensagens saem em ritmo humano e os tiques chegam aqui, ao vivo."),
        _l("Ver campanhas"),
        "/campaigns",
        "send",
        "campaigns.write",
    ),
)


def steps(done: set[str]) -> list[Step]:
    return [Step(*values, is_done=values[0] in done) for values in _STEPS]


def next_step(all_steps: Sequence[Step]) -> Step | None:
    return next((step for step in all_steps if not step.is_done), None)
