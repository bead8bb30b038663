"""The verbs of voices. `making` and `eviction` belong to workers: they load the libraries of sound."""

from app.voice.service.accounts import fetch_voices, run_test, save_account, test_account, voices_of
from app.voice.service.asking import ask, generate, raise_trouble, recipe_of
from app.voice.service.configs import (
    create_config,
    delete_config,
    ensure_first,
    on_tenant_created,
    speaker_from,
    update_config,
)
from app.voice.service.dictionary import add_pronunciation, remove_pronunciation
from app.voice.service.money import lift, set_budget

__all__ = [
    "add_pronunciation",
    "ask",
    "create_config",
    "delete_config",
    "ensure_first",
    "fetch_voices",
    "generate",
    "lift",
    "on_tenant_created",
    "raise_trouble",
    "recipe_of",
    "remove_pronunciation",
    "run_test",
    "save_account",
    "set_budget",
    "speaker_from",
    "test_account",
    "update_config",
    "voices_of",
]
