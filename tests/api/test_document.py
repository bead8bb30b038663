"""The OpenAPI document and its page."""

import warnings

import jsonschema_rs
from bs4 import BeautifulSoup

from app import create_app


def test_the_document_names_every_call(app, client):
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    documented = {
        (path.replace("{", "<").replace("}", ">"), method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (rule.rule.replace("uuid:", "").replace("int:", "").replace("path:", ""), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api.openapi"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert documented == served


def test_operations_have_a_name_a_summary_and_a_tag(client):
    document = client.get("/api/v1/openapi.json").json
    operations = [
        operation
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert [operation["operationId"] for operation in operations if not operation.get("summary")] == []
    assert {operation["tags"][0] for operation in operations} >= {"auth", "health", "probe"}


def test_only_the_public_calls_need_no_credentials(client):
    document = client.get("/api/v1/openapi.json").json
    assert document["security"] == [{"bearer": []}]
    public = {
        path
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation.get("security") == []
    }
    auth = {f"/api/v1/auth/{name}" for name in ("login", "refresh", "forgot-password", "reset-password", "register")}
    assert public == auth | {"/api/v1/healthz"}


def test_problems_are_documented_as_they_are_sent(client):
    document = client.get("/api/v1/openapi.json").json
    default = document["components"]["responses"]["DEFAULT_ERROR"]
    assert set(default["content"]) == {"application/problem+json"}


def test_the_page_shows_every_call_without_foreign_scripts(client):
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    page = BeautifulSoup(answer.data, "html.parser")
    paths = {code.get_text() for code in page.select("summary code")}
    assert paths >= {"/api/v1/auth/login", "/api/v1/probe"}
    assert all(script["src"].startswith("/assets/") for script in page.select("script"))


def test_schemas_have_names_of_their_own(config):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        made = create_app(config)
    document = made.test_client().get("/api/v1/openapi.json").json
    assert [name for name in document["components"]["schemas"] if name[-1].isdigit()] == []


def test_every_body_in_json_has_an_example_that_its_schema_takes(client):
    document = client.get("/api/v1/openapi.json").json
    wrong = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                content = body.get("content", {}).get("application/json")
                if content is None or not (name == "request" or name.startswith("2")):
                    continue
                schema = {**content["schema"], "components": document["components"]}
                errors = list(jsonschema_rs.validator_for(schema).iter_errors(content["example"]))
                wrong += [(method, path, name, error.message, list(error.instance_path)) for error in errors]
    assert wrong == []
