"""Everything by the API alone: the page of examples, the program that does the main job, and the one that listens."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.journeys.stack import PASSWORD, Stack
from tests.servers import ROOT

PAGE = ROOT / "docs" / "api.md"
PIECES = re.compile(r"```(\w+)\n(.*?)```|<!-- test: (\w+) -->", re.S)


@pytest.fixture
def admin(stack: Stack) -> str:
    """The first admin of a company of the test's own."""
    email = f"api-{uuid.uuid4().hex[:8]}@padaria.com.br"
    stack.company(f"Padaria {email[4:12]}", email)
    return email


def run(stack: Stack, script: str, *words: str, **more: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "RECADO_PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(ROOT / "docs" / "examples" / script), stack.url, *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )


def test_the_snippets_of_the_page_work_in_their_order(stack: Stack, admin: str) -> None:
    before, scope = stack.numbers(), {}
    languages = set()
    for language, code, act in PIECES.findall(PAGE.read_text()):
        if act:
            number = (stack.numbers() - before).pop()
            play(stack, act, number)
            continue
        languages.add(language)
        code = code.replace("https://recado.suaempresa.com.br", stack.url)
        code = code.replace("ana@padaria.com.br", admin).replace("sua-senha", PASSWORD)
        exec(compile(code, str(PAGE), "exec"), scope)
    assert languages == {"python"}
    assert scope["stats"]["total_sent"] == 2
    assert [row["text"] for row in scope["thread"] if row["direction"] == "inbound"] == ["Tem pão de queijo?"]
    assert {person["name"] for person in scope["people"]} >= {"Maria Souza", "José Lima"}
    assert scope["steps"]


def play(stack: Stack, act: str, number: str) -> None:
    if act == "scan":
        stack.play("POST", f"instances/{number}/scan")
    else:
        stack.play("POST", f"instances/{number}/inbound", **{"from": "5511987654321", "text": "Tem pão de queijo?"})


def test_a_program_does_the_main_job(stack: Stack, admin: str, tmp_path: Path) -> None:
    sheet = tmp_path / "clientes.csv"
    sheet.write_text("Nome;Telefone\nMaria;(11) 98765-4321\nJoão;11976543210\nsem telefone;\n")
    before = stack.numbers()
    done = run(stack, "main_job.py", admin, str(sheet), "--scan", f"{stack.simulator}/_sim/scan-all")
    said, _nothing = done.communicate(timeout=600)
    assert done.returncode == 0, said
    assert "2 valid, 1 without a usable phone" in said
    assert "completed, 2 of 2 sent" in said
    number = (stack.numbers() - before).pop()
    assert len(stack.ledger(number)) == 2


def test_a_program_listens_and_answers(stack: Stack, admin: str, tmp_path: Path) -> None:
    before = stack.numbers()
    sheet = tmp_path / "um.csv"
    sheet.write_text("Nome;Telefone\nMaria;(11) 98765-4321\n")
    run(stack, "main_job.py", admin, str(sheet), "--scan", f"{stack.simulator}/_sim/scan-all").communicate(timeout=600)
    number = (stack.numbers() - before).pop()
    listener = run(stack, "live.py", admin, "--answer", "Já vamos!", "--stop-after", "1")
    assert listener.stdout is not None
    assert listener.stdout.readline() == "listening\n"
    stack.play("POST", f"instances/{number}/inbound", **{"from": "5511987654321", "text": "Alguém aí?"})
    said, _nothing = listener.communicate(timeout=300)
    assert listener.returncode == 0, said
    assert said == "received: Alguém aí?\nanswered: Já vamos!\n"
