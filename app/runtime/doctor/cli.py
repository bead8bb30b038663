"""`recado doctor`. Exit code 0 when nothing is broken (worries are told), 1 when something is."""

from collections.abc import Iterator

import click

from app.core import clock
from app.runtime import addresses
from app.runtime.doctor import database, machine, services
from app.runtime.doctor.findings import BAD, OK, WARN, Examination, Finding, Patient
from app.runtime.settings import Settings

EXAMINATIONS: tuple[Examination, ...] = (
    machine.configuration,
    database.examine,
    services.queues,
    services.gateway,
    services.mail,
    machine.room,
    machine.nginx,
    machine.certificate,
    machine.backups,
)
_SIGNS = {OK: "ok   ", WARN: "aviso", BAD: "ERRO "}


def examine(settings: Settings) -> Iterator[Finding]:
    where = addresses.of(settings)
    patient = Patient(settings, where.database_url, where.owner_url, where.redis_url, clock.now())
    for examination in EXAMINATIONS:
        yield from examination(patient)


@click.command()
@click.option("--quiet", is_flag=True, help="Only what needs doing.")
@click.pass_obj
def doctor(settings: Settings, quiet: bool) -> None:
    """Look at everything and say what to do. Exit code 1 when something is broken."""
    found = []
    for finding in examine(settings):
        found.append(finding)
        if finding.level != OK or not quiet:
            click.echo(f"{_SIGNS[finding.level]}  {finding.what}")
        if finding.fix:
            click.echo(f"       → {finding.fix}")
    broken, worries = (sum(one.level == level for one in found) for level in (BAD, WARN))
    click.echo(f"{broken} erros (broken), {worries} avisos (worries), {len(found) - broken - worries} ok")
    if broken:
        raise SystemExit(1)
