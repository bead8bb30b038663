"""Every operation of the document, called with whatever the document allows, and with what it does not."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from app.accounts.service import tokens
from app.core.context import acting

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


def examples(count: int, *, derandomize: bool) -> settings:
    return settings(
        max_examples=count, deadline=None, derandomize=derandomize, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


ONE, FEW = examples(1, derandomize=True), examples(3, derandomize=True)
SOME, MANY = examples(3, derandomize=False), examples(15, derandomize=False)
# They wait for a worker as long as they are told to, and here is none.
FIXED: dict[str, dict[str, Any]] = {"/api/v1/contacts/export": {"query": {"format": "csv", "wait": 0}}}
WAITING = ("/api/v1/tts/generate", "/api/v1/tts/voices")
LEFT_OUT = ("/api/v1/auth/", "/api/v1/probe")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_call_crashes_or_answers_what_the_document_does_not_say(app, api_client, belongings, mode):
    assert_honest(app, f"Bearer {api_client('admin').token}", belongings, mode, FEW)


def test_nor_for_somebody_who_may_little(app, api_client, belongings):
    assert_honest(app, f"Bearer {api_client('agent').token}", belongings, GenerationMode.POSITIVE, ONE)


def test_nor_with_an_api_token(app, company, belongings):
    with acting(company.actor("developer")):
        bearer = f"Bearer {tokens.create_token('Loja').secret}"
    assert_honest(app, bearer, belongings, GenerationMode.POSITIVE, ONE)


@pytest.mark.drill
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_many_more_examples_find_nothing_either(app, api_client, belongings, mode):
    assert_honest(app, f"Bearer {api_client('admin').token}", belongings, mode, MANY)


@pytest.mark.drill
@pytest.mark.parametrize("role", ["agent", "developer"])
def test_nor_do_more_of_them_by_somebody_else(app, api_client, belongings, role):
    assert_honest(app, f"Bearer {api_client(role).token}", belongings, GenerationMode.POSITIVE, SOME)


def assert_honest(app: Any, bearer: str, belongings: dict[str, str], mode: GenerationMode, effort: settings) -> None:
    document, failures = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app), []
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path.startswith(LEFT_OUT):
            continue
        ids = {name: value for name, value in belongings.items() if f"{{{name}}}" in operation.path}
        cases = operation.as_strategy(mode, path_parameters=ids or None, **FIXED.get(operation.path, {}))
        try:
            probe(cases, bearer, effort)
        except Unsatisfiable:
            continue  # a call without parameters has no wrong ones
        except Exception as failure:
            failures.append(f"{operation.label}: {failure}")
    assert not failures, "\n\n".join(failures)


def probe(cases: Any, bearer: str, effort: settings) -> None:
    @effort
    @given(case=cases)
    def call(case: schemathesis.Case) -> None:
        if case.path in WAITING:
            for place in (case.query, case.body):
                if isinstance(place, dict):
                    place["wait"] = 0
        headers = {"Authorization": bearer}
        case.validate_response(case.call(headers=headers), checks=CHECKS, headers=headers)

    call()
