"""What most tests of campaigns start from: a company, a number, people, a draft."""

from collections.abc import Callable
from typing import Any

import pytest

from app.campaigns import service
from app.campaigns.models import Campaign
from app.contacts.models import Contact
from app.core.context import Actor
from app.instances.models import Instance
from tests.factories import make_contact, make_instance


@pytest.fixture
def number(as_admin: Actor) -> Instance:
    return make_instance()


@pytest.fixture
def draft(number: Instance) -> Callable[..., Campaign]:
    """A draft to the given contacts (one new by default), ready to launch."""

    def make(*contacts: Contact, **fields: Any) -> Campaign:
        people = contacts or (make_contact(),)
        fields.setdefault("name", "Promoção")
        fields.setdefault("message", "Olá {nome|cliente}!")
        fields.setdefault("instance_ids", [number.id])
        fields.setdefault("audience", {"contact_ids": [person.id for person in people]})
        return service.create(**fields)

    return make
