"""When something is wrong enough to say so, and what to do then; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.voice.rules.money import WARN_AT, Budget

DELIVERED_LEAST, FAILED_MOST = 0.95, 0.05
ENOUGH = 50  # messages before a rate means anything
LATE_SECONDS = 60.0
LAG_SECONDS = 30.0
CPU_MOST, MEMORY_MOST, DISK_LEAST = 0.80, 0.85, 0.20
BACKUP_HOURS, CERTIFICATE_DAYS = 2.0, 14
WAITING_MOST = 1000
ANSWER_SECONDS, UNREACHED_MOST = 5.0, 0.03
# One look that doesn't see it is no proof that it is over; one that sees it once may be chance.
RESOLVED_AFTER = timedelta(seconds=150)
LETTER_EVERY = timedelta(minutes=15)


@dataclass(frozen=True)
class Kind:
    """`text` and `advice` may name what `details` holds."""

    title: Any
    text: Any
    advice: Any
    path: str = ""
    is_urgent: bool = False


KINDS = {
    "delivery_rate": Kind(
        _l("Poucas mensagens entregues"),
        _l("Hoje %(rate)s%% do que saiu foi entregue."),
        _l("Confira os números e a lista: telefones errados e bloqueios derrubam a entrega. Diminua o ritmo."),
        "/campaigns",
    ),
    "failures": Kind(
        _l("Muitas falhas no envio"),
        _l("Hoje %(rate)s%% dos envios falharam."),
        _l("Veja os motivos em Falhas; se forem todos de um número, pause as campanhas dele."),
        "/settings/dead-letters",
    ),
    "late": Kind(
        _l("Mensagens atrasadas"),
        _l("“%(name)s” tem mensagens que já podiam ter saído há %(seconds)s segundos."),
        _l("Confira se o trabalhador dos envios está no ar: systemctl status 'recado-worker@send*'."),
        "/instances",
        is_urgent=True,
    ),
    "disconnected": Kind(
        _l("Número desconectado"),
        _l("“%(name)s” não está conectado ao WhatsApp."),
        _l("Abra o número e leia o QR code com o celular; o que está na fila espera."),
        "/instances",
        is_urgent=True,
    ),
    "silent": Kind(
        _l("Número sem confirmações"),
        _l("O WhatsApp aceita o que “%(name)s” envia e não confirma a entrega."),
        _l("Reinicie a conexão do número e confira o endereço dos avisos na página dele."),
        "/instances",
        is_urgent=True,
    ),
    "dead_letters": Kind(
        _l("Falhas à espera de alguém"),
        _l("%(count)s mensagens ou avisos não puderam ser lidos ou contados."),
        _l("Abra Falhas: cada uma diz o motivo, e pode ser processada de novo."),
        "/settings/dead-letters",
    ),
    "voice_budget": Kind(
        _l("Orçamento de voz no fim"),
        _l("Já foram %(used)s%% do que as vozes podem custar este mês."),
        _l("Aos 100%% as vozes pagas param; um administrador pode liberar o mês em Configurações › Voz."),
        "/settings/voice",
    ),
    "voice_stopped": Kind(
        _l("As vozes pagas pararam"),
        _l("O orçamento de voz deste mês acabou (%(used)s%%); as campanhas faladas com elas esperam."),
        _l("Um administrador libera o mês ou aumenta o orçamento em Configurações › Voz; depois retome a campanha."),
        "/settings/voice",
        is_urgent=True,
    ),
    "voice_reuse": Kind(
        _l("Áudios pouco reaproveitados"),
        _l("Na última semana só %(rate)s%% dos áudios já existiam."),
        _l("Fale em partes e repita os mesmos textos: o que já existe não custa de novo."),
        "/settings/voice",
    ),
    "cpu": Kind(
        _l("Processador ocupado"),
        _l("O servidor usa %(used)s%% do processador há cinco minutos."),
        _l("Veja quem o usa (top). Se for o Recado no ritmo normal, é hora de mais núcleos."),
    ),
    "memory": Kind(
        _l("Memória acabando"),
        _l("%(used)s%% da memória em uso."),
        _l("Menos processos, ou mais memória; veja quem cresce (systemd-cgtop)."),
        is_urgent=True,
    ),
    "disk": Kind(
        _l("Disco enchendo"),
        _l("Só %(free)s%% do disco está livre."),
        _l("Mova as cópias para outro lugar, apague o que não é do Recado ou aumente o disco."),
        is_urgent=True,
    ),
    "backup": Kind(
        _l("Cópia de segurança atrasada"),
        _l("A última cópia tem %(hours)s horas."),
        _l("No servidor: recado backup; journalctl -u recado-backup diz por que parou."),
        is_urgent=True,
    ),
    "drill": Kind(
        _l("A cópia não restaura"),
        _l("O ensaio de restauração falhou: %(error)s"),
        _l("No servidor: recado backup e recado restore-drill."),
        is_urgent=True,
    ),
    "certificate": Kind(
        _l("Certificado perto do fim"),
        _l("O certificado do endereço vale por mais %(days)s dias."),
        _l("No servidor: certbot renew; depois systemctl reload nginx."),
        is_urgent=True,
    ),
    "inbound_lag": Kind(
        _l("Mensagens demoram a chegar à tela"),
        _l("O que os gateways contam espera há %(seconds)s segundos."),
        _l("Confira o trabalhador: systemctl status recado-worker@events."),
        is_urgent=True,
    ),
    "waiting_jobs": Kind(
        _l("Tarefas acumuladas"),
        _l("%(count)s tarefas esperam na fila %(name)s."),
        _l("Mais um trabalhador: systemctl start recado-worker@%(name)s-2."),
    ),
    "slow_gateway": Kind(
        _l("O WhatsApp demora a aceitar mensagens"),
        _l("Nos últimos minutos cada envio levou %(seconds)s segundos."),
        _l("Veja a memória e o processador da Evolution API; menos números por servidor dela, ou reinicie-a."),
        "/instances",
    ),
    "unreached_gateway": Kind(
        _l("Envios sem conexão"),
        _l("%(rate)s%% dos envios dos últimos minutos não alcançaram o servidor do WhatsApp."),
        _l("Confira se a Evolution API está no ar e se o endereço e a rede respondem: recado doctor."),
        "/instances",
        is_urgent=True,
    ),
    "default_partition": Kind(
        _l("Mês sem partição"),
        _l("Há mensagens fora dos meses previstos. Nada se perde."),
        _l("Confira se o relógio do servidor está certo e se MIGRATION_DATABASE_URL está definida."),
    ),
}


@dataclass(frozen=True)
class Raised:
    """Something that is wrong now."""

    kind: str
    subject: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.subject


@dataclass(frozen=True)
class Day:
    """What became of today's messages of one company."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0


def of_company(
    day: Day, late: Iterable[tuple[str, str, float]], numbers: Iterable[tuple[str, str, str]], dead: int
) -> list[Raised]:
    """`late`: (id, name, seconds); `numbers`: (id, name, disconnected or silent)."""
    found = []
    if day.sent >= ENOUGH and day.delivered < day.sent * DELIVERED_LEAST:
        found.append(Raised("delivery_rate", details={"rate": int(100 * day.delivered / day.sent)}))
    if (tried := day.sent + day.failed) >= ENOUGH and day.failed > tried * FAILED_MOST:
        found.append(Raised("failures", details={"rate": int(100 * day.failed / tried)}))
    found += [
        Raised("late", number, {"name": name, "seconds": int(seconds)})
        for number, name, seconds in late
        if seconds > LATE_SECONDS
    ]
    found += [Raised(kind, number, {"name": name}) for number, name, kind in numbers]
    if dead:
        found.append(Raised("dead_letters", details={"count": dead}))
    return found


def of_voice(budget: Budget, reuse: float | None) -> list[Raised]:
    """`reuse`: the share of audios that were there already, where it is too low."""
    kind = "voice_stopped" if budget.is_used_up else "voice_budget"
    found = [Raised(kind, details={"used": budget.percent})] if (budget.percent or 0) >= WARN_AT else []
    return found + ([Raised("voice_reuse", details={"rate": int(reuse * 100)})] if reuse is not None else [])


@dataclass(frozen=True)
class Server:
    """Shares are between 0 and 1; None where nobody could look."""

    cpu: float = 0.0
    memory: float = 0.0
    disk_free: float = 1.0
    lateness: float = 0.0
    inbound_lag: float = 0.0
    waiting: dict[str, int] = field(default_factory=dict)
    backup_hours: float | None = None
    drill_error: str = ""
    drill_at: str = ""
    certificate_days: int | None = None
    has_strays: bool = False
    answer_seconds: float = 0.0  # of the last minutes' calls to gateways, where there were enough
    unreached: float = 0.0


def of_server(seen: Server) -> list[Raised]:
    found = []
    if seen.cpu > CPU_MOST:
        found.append(Raised("cpu", details={"used": int(seen.cpu * 100)}))
    if seen.memory > MEMORY_MOST:
        found.append(Raised("memory", details={"used": int(seen.memory * 100)}))
    if seen.disk_free < DISK_LEAST:
        found.append(Raised("disk", details={"free": int(seen.disk_free * 100)}))
    if seen.inbound_lag > LAG_SECONDS:
        found.append(Raised("inbound_lag", details={"seconds": int(seen.inbound_lag)}))
    if seen.drill_error:
        found.append(Raised("drill", details={"error": seen.drill_error}))
    if seen.backup_hours is not None and seen.backup_hours > BACKUP_HOURS:
        found.append(Raised("backup", details={"hours": int(seen.backup_hours)}))
    if seen.certificate_days is not None and seen.certificate_days < CERTIFICATE_DAYS:
        found.append(Raised("certificate", details={"days": seen.certificate_days}))
    if seen.answer_seconds > ANSWER_SECONDS:
        found.append(Raised("slow_gateway", details={"seconds": round(seen.answer_seconds, 1)}))
    if seen.unreached > UNREACHED_MOST:
        found.append(Raised("unreached_gateway", details={"rate": int(seen.unreached * 100)}))
    if seen.has_strays:
        found.append(Raised("default_partition"))
    found += [
        Raised("waiting_jobs", name, {"name": name, "count": count})
        for name, count in seen.waiting.items()
        if count > WAITING_MOST
    ]
    return found
