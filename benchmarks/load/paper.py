"""The report, as docs/load-report.md shows it: for operators, so in Portuguese. Measured and computed apart."""

import datetime
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from benchmarks.common import percentile
from benchmarks.load import model
from benchmarks.load.drive import Found
from benchmarks.load.meter import OURS
from benchmarks.load.mix import Mix
from benchmarks.load.verdict import Count

USERS = (1_000, 2_000, 5_000, 10_000)
_NAMES = {"events": "worker events", "send": "worker send", "default": "worker default", "voice": "worker voice",
          "bulk": "worker bulk", "hooks": "worker hooks", "cron": "worker cron", "postgres": "PostgreSQL",
          "valkey": "Valkey (Redis)", "simulator": "simulador de WhatsApp (não conta)",
          "generator": "gerador de carga (não conta)"}  # fmt: skip


def write(found: Found, machine: str) -> str:
    parts = [_title(found, machine), _integrity(found), _answers(found), _processes(found), _units(found),
             _database(found), _growth(found)]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _title(found: Found, machine: str) -> str:
    mix, today = found.mix, datetime.datetime.now(ZoneInfo("America/Sao_Paulo"))
    command = f"python -m benchmarks load --minutes {mix.minutes:g} --scale {mix.scale:g} --save docs/load-report.md"
    return "\n\n".join(
        [
            "# Prova de carga",
            f"Escrito por `{command}` em {today:%d/%m/%Y às %H:%M} (hora de Brasília).",
            f"Máquina: {machine}. {_SETTING}",
            _held(mix),
            "Medido é o que esta página mostra até “Como cresce”; dali em diante é conta sobre esses números.",
        ]
    )


_SETTING = """Uma instalação inteira atrás do nginx (TLS, três processos web, um trabalhador de cada fila,
relógio), PostgreSQL com os ajustes de `deploy/postgresql.conf` na coluna de 2 núcleos e `fsync` ligado. **O gerador de
carga e o simulador de WhatsApp dividem os mesmos núcleos**: o que gastam está à parte, e nos tempos de resposta aparece
como espera."""


def _held(mix: Mix) -> str:
    browsers = mix.supervisors + mix.watchers + mix.walkers
    lines = (
        f"{_number(mix.words)} mensagens de clientes por minuto pelo webhook, em {_number(mix.customers)} conversas;",
        f"{_number(mix.attendants)} atendentes que abrem, leem e respondem no inbox;",
        f"{_number(browsers)} navegadores com sessão e socket ({_number(mix.supervisors)} com o inbox inteiro aberto, "
        f"{_number(mix.watchers)} com uma campanha aberta, os outros de página em página);",
        f"{_number(mix.idle_sockets)} sockets parados;",
        f"{_number(mix.numbers)} números enviando campanhas no ritmo do produto, um deles a falada, pela voz embutida;",
        f"planilhas de {_number(mix.import_rows)} linhas, uma depois da outra.",
    )
    return f"Durante {_number(mix.minutes)} minutos, ao mesmo tempo:\n\n" + "\n".join(f"* {line}" for line in lines)


def _integrity(found: Found) -> str:
    rows = [(count.what, _number(count.wrong), _number(count.of), _verdict(count)) for count in found.counts]
    calm = f"Depois do fim, o que ainda estava em andamento chegou em {found.settled:.0f} s; então se contou."
    table = _table(("o quê", "errados", "de", ""), rows)
    return f"## Nada perdido, nada em dobro, nada fora de ordem\n\n{table}\n\n{calm}"


def _verdict(count: Count) -> str:
    if not count.of:
        return "não houve"
    return "**falhou**" if count.wrong else "ok"


def _answers(found: Found) -> str:
    rows = [_waits(kind, waits, found) for kind, waits in sorted(found.timings.waits.items()) if waits]
    if found.told:
        rows.append(_waits("**da mensagem no webhook ao navegador do atendente**", found.told, found))
    if found.answered:
        rows.append(_waits("**do clique em responder ao WhatsApp**", found.answered, found))
    for rows_of, took in found.sheets[:1]:
        rows.append(
            (f"uma planilha de {_number(rows_of)} linhas", str(len(found.sheets)), f"{took:.1f} s", "", "", "0")
        )
    header = ("pedido, através do nginx", "quantos", "p50", "p95", "p99", "erros")
    lost = [f"{kind}: {what} ({n})" for (kind, what), n in sorted(found.timings.troubles.items())]
    errors = "Erros: " + "; ".join(lost) if lost else "Nenhum pedido falhou."
    return f"## Tempos de resposta\n\n{_table(header, rows)}\n\n{errors}"


def _waits(kind: str, waits: Sequence[float], found: Found) -> tuple[str, ...]:
    wrong = sum(n for (one, _what), n in found.timings.troubles.items() if one == kind)
    figures = (f"{percentile(waits, share) * 1000:,.0f} ms".replace(",", ".") for share in (0.5, 0.95, 0.99))
    return (kind, _number(len(waits)), *figures, _number(wrong))


def _processes(found: Found) -> str:
    def row(kind: str) -> tuple[str, ...]:
        use = found.use[kind]
        return (
            _NAMES.get(kind, kind),
            str(use.processes),
            _decimal(use.cpu / found.seconds, 2),
            f"{use.memory >> 20} MB",
        )

    ours = [row(kind) for kind in OURS if kind in found.use]
    memory = sum(found.use[kind].memory for kind in OURS if kind in found.use) >> 20
    whole = ("**soma**", "", f"**{_decimal(model.cores(found), 2)}**", f"**{memory} MB**")
    apart = [row(kind) for kind in ("simulator", "generator")]
    header = ("processos", "quantos", "núcleos em uso", "memória, no máximo")
    note = f"A máquina inteira esteve {found.busy:.0%} ocupada. Memória proporcional (o que se divide conta uma vez)."
    socket = f"Um socket parado: {found.socket_kb:.0f} KB num processo web. Conexões com o banco: {found.connections}."
    return f"## Processador e memória\n\n{_table(header, [*ours, whole, *apart])}\n\n{note} {socket}"


def _units(found: Found) -> str:
    rows = []
    for cost in found.probes.costs:
        web, base = cost.shares.get("web", 0.0), cost.shares.get("postgres", 0.0)
        many = _number(1000 / cost.whole) if cost.whole else "–"
        parts = (web, base, cost.whole - web - base, cost.whole)
        rows.append((cost.unit, _number(cost.count), *(_decimal(part, 2) for part in parts), many))
    header = ("uma coisa de cada vez", "medidas", "web", "PostgreSQL", "resto", "ms de núcleo", "por s e núcleo")
    total, rest = model.added_up(found), sum(found.probes.rest.values())
    check = (
        f"Conferência: nas quantidades da mistura esses custos somam {_decimal(total.added, 2)} núcleos; ela usou "
        f"{_decimal(total.seen, 2)}. Em repouso, com os sockets abertos: {_decimal(rest, 2)}."
    )
    return f"## O que um núcleo carrega\n\n{_table(header, rows)}\n\n{check}"


def _database(found: Found) -> str:
    before, after = found.size
    tables = ", ".join(f"`{name}` {size >> 20} MB" for name, size in found.tables)
    each = _decimal(model.message_bytes(found) / 1024, 1)
    intro = (
        f"De {before >> 20} para {after >> 20} MB durante a mistura; {each} KB por mensagem, com recibos, eventos e "
        f"índices. Maiores tabelas: {tables}."
    )
    header = ("comando", "vezes", "soma", "média", "mais lento")

    def rows(statements: Iterable) -> list[tuple[str, ...]]:
        return [(f"`{one.text}`", _number(one.calls), f"{one.total / 1000:.1f} s", f"{_decimal(one.mean, 2)} ms",
                 f"{one.longest:.0f} ms") for one in statements]  # fmt: skip

    busy, slow = _table(header, rows(found.busiest)), _table(header, rows(found.slowest))
    return f"## Banco\n\n{intro}\n\nOs que mais pesaram:\n\n{busy}\n\nOs mais lentos, uma vez que fosse:\n\n{slow}"


def _growth(found: Found) -> str:
    sizes = [model.size(found, users) for users in USERS]
    lines = (
        ("núcleos em uso no pico", [_decimal(one.cores, 1) for one in sizes]),
        (f"núcleos a ter (ocupados até {model.FULLEST:.0%})", [str(one.wanted_cores) for one in sizes]),
        ("destes, para o PostgreSQL", [_decimal(one.database_cores / model.FULLEST, 1) for one in sizes]),
        ("processos web", [str(one.webs) for one in sizes]),
        ("trabalhadores `events`, `send`", [f"{one.events}, {one.senders}" for one in sizes]),
        ("conexões com o banco, no máximo", [_number(one.connections) for one in sizes]),
        ("memória sem o PostgreSQL", [f"{_decimal(one.memory, 1)} GB" for one in sizes]),
        ("o banco cresce por mês", [f"{_number(one.growth)} GB" for one in sizes]),
    )
    header = ("calculado", *(f"{_number(users)} usuários" for users in USERS))
    intro = (
        "Conta: o que a mistura usou (o pico do perfil de 1000 usuários), em proporção aos usuários. Conexões: "
        f"2 × {model.POOL} por processo web e o pool de cada trabalhador ([a conta](sizing.md)). O banco cresce com "
        "dez horas de pico por dia útil, sem contar o que a retenção apaga."
    )
    return f"## Como cresce (calculado)\n\n{intro}\n\n{_table(header, [(name, *values) for name, values in lines])}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    line = "|" + "---|" * len(header)
    return "\n".join([f"| {' | '.join(header)} |", line, *(f"| {' | '.join(row)} |" for row in rows)])


def _number(value: float) -> str:
    """Thousands as in Brazil."""
    return f"{value:,.0f}".replace(",", ".") if value == int(value) or value >= 10 else _decimal(value, 1)


def _decimal(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
