"""The schema library's messages reach nobody in English."""

import inspect

import marshmallow as ma
import pytest
from marshmallow import fields, validate

from app.api.words import in_our_words

VALUES = {"input": "x", "choices": "a, b", "obj_type": "datetime", "awareness": "aware", "other": "1", "min": "1",
          "max": "9", "equal": "4", "values": "a, b", "min_op": "greater than", "max_op": "less than"}  # fmt: skip
# What the API's schemas don't use: serializing errors, and fields nobody declares.
UNUSED = {"IP", "IPv4", "IPv6", "IPInterface", "IPv4Interface", "IPv6Interface"}


def said() -> list[str]:
    found = list(ma.Schema._default_error_messages.values())
    for name, field in inspect.getmembers(fields, inspect.isclass):
        own = field.__dict__.get("default_error_messages") or {} if name not in UNUSED else {}
        found += [message.format(**VALUES) for key, message in own.items() if key != "format"]
    for one, wrong in (
        (validate.Range(min=1, max=9), 0),
        (validate.Range(min=1), 0),
        (validate.Range(max=1), 2),
        (validate.Range(min=1, min_inclusive=False), 1),
        (validate.Range(max=1, max_inclusive=False), 1),
        (validate.Length(min=1, max=2), ""),
        (validate.Length(min=1), ""),
        (validate.Length(max=1), "ab"),
        (validate.Length(equal=1), "ab"),
        (validate.OneOf(["a", "b"]), "c"),
        (validate.ContainsOnly(["a", "b"]), ["c"]),
        (validate.Equal(True), False),
        (validate.Regexp("a"), "b"),
        (validate.Email(), "b"),
        (validate.URL(), "b"),
    ):
        with pytest.raises(ma.ValidationError) as refused:
            one(wrong)
        found += refused.value.messages
    return sorted(set(found))


@pytest.mark.parametrize("message", said())
def test_every_message_of_the_library_has_our_words(app, message):
    with app.test_request_context("/api/v1/contacts", headers={"Accept-Language": "pt-BR"}):
        ours = in_our_words(message)
    assert ours != message
    assert "%(" not in ours


def test_our_own_words_pass():
    assert in_our_words("Digite o telefone.") == "Digite o telefone."


def test_a_refused_body_speaks_the_callers_language(api_client):
    refused = api_client("manager").post("/contacts", json={"name": 3, "surname": "x"})
    words = {error["field"]: error["message"] for error in refused.json["errors"]}
    assert words == {"name": "Use um texto.", "surname": "Campo desconhecido."}
    assert "1 a" in str(api_client("manager").get("/contacts?page=0").json["errors"])
