"""Redis and the queues in it, the WhatsApp gateway, mail."""

import smtplib
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import redis
import urllib3

from app.core import background
from app.runtime import checks
from app.runtime.doctor.findings import Finding, Patient, ill, well, worry
from app.runtime.failure import Failure

LONG_QUEUE = 1000
GATEWAY_SECONDS = 10


def queues(patient: Patient) -> Iterator[Finding]:
    try:
        checks.redis_answers(patient.redis_url)
    except Failure as failure:
        yield ill(str(failure), "systemctl start redis-server; confira REDIS_URL")
        return
    client = redis.Redis.from_url(patient.redis_url, decode_responses=True, socket_timeout=5)
    with closing(client):
        yield _policy(client)
        served = {queue for worker in map(str, client.smembers("rq:workers")) for queue in _queues_of(client, worker)}
        for name in background.QUEUES:
            yield _queue(name, client.llen(f"rq:queue:{name}"), name in served)


def _queues_of(client: Any, worker: str) -> list[str]:
    """An entry without its worker is what a killed one left: RQ clears it up later."""
    return [name for name in (client.hget(worker, "queues") or "").split(",") if name]


def _policy(client: Any) -> Finding:
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except redis.ResponseError:
        return worry("o Redis não diz o que faz quando enche", "confira com quem o mantém: maxmemory-policy noeviction")
    if policy != "noeviction":
        return ill(f"o Redis joga fora o que não cabe ({policy})", "redis.conf: maxmemory-policy noeviction")
    return well("Redis responde e não joga nada fora")


def _queue(name: str, length: int, is_served: bool) -> Finding:
    if not is_served:
        return ill(f"ninguém atende a fila {name} ({length} esperando)", f"systemctl start recado-worker@{name}")
    if length > LONG_QUEUE:
        return worry(f"{length} tarefas na fila {name}", f"mais um trabalhador: systemctl start recado-worker@{name}-2")
    return well(f"fila {name}: {length} esperando")


def gateway(patient: Patient) -> Iterator[Finding]:
    url = patient.get("EVOLUTION_API_URL")
    if not url:
        yield worry("WhatsApp de mentira: EVOLUTION_API_URL não está definida", "defina-a para enviar de verdade")
        return
    try:
        headers = {"apikey": patient.get("EVOLUTION_API_KEY")}
        http = urllib3.PoolManager(retries=False, timeout=GATEWAY_SECONDS)
        answer = http.request("GET", f"{url.rstrip('/')}/instance/fetchInstances", headers=headers)
    except urllib3.exceptions.HTTPError as error:
        yield ill(
            f"a Evolution API não responde em {url} ({type(error).__name__})", "confira se ela está no ar e o endereço"
        )
        return
    if answer.status in (401, 403):
        yield ill("a Evolution API recusou a chave", "EVOLUTION_API_KEY deve ser a AUTHENTICATION_API_KEY dela")
    elif answer.status >= 500:
        yield ill(f"a Evolution API respondeu {answer.status}", "veja os registros dela; a 503 de licença: use a 2.3.7")
    else:
        yield well(f"a Evolution API responde em {url}")


def mail(patient: Patient) -> Iterator[Finding]:
    url = patient.get("SMTP_URL")
    if not url:
        yield worry("e-mail não configurado", "SMTP_URL e MAIL_FROM: convites, senhas e alertas vão por e-mail")
        return
    parts = urlsplit(url)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(parts.hostname or "", parts.port or 0, timeout=10) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield ill(f"o servidor de e-mail não responde ({error})", "confira SMTP_URL e se a porta de saída está aberta")
    else:
        yield well("o servidor de e-mail responde")
    if not patient.get("MAIL_FROM"):
        yield worry("MAIL_FROM não está definida", "defina o remetente")
