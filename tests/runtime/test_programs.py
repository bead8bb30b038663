from pathlib import Path

from app.core import background
from app.runtime import programs, workers


def test_every_queue_is_served_once() -> None:
    served = [name for names in programs.WORKERS for name in names]
    assert sorted(served) == sorted(background.QUEUES)


def test_long_imports_hold_up_no_other_queue() -> None:
    forking = [names for names in programs.WORKERS if workers.FORKING.intersection(names)]
    assert forking == [("bulk",)]


def test_stopping_in_turn_fits_in_thirty_seconds() -> None:
    """The application stops together, then each server by itself."""
    application = max(program.patience for program in programs.application(["simulator"]))
    servers = sum(program.patience for program in programs.servers(["postgres"], ["valkey"]))
    assert application + servers < 28


def test_given_servers_are_not_started_and_a_given_gateway_needs_no_simulator() -> None:
    assert programs.servers(None, None) == []
    assert "simulator" not in [program.name for program in programs.application(None)]


def test_configuration_survives_spaces_and_percent_signs() -> None:
    odd = programs.Program("web", ["/my tools/python", "100%"], 5)
    text = programs.configuration([odd], Path("/tmp/50% off/control.sock"))
    assert "command = '/my tools/python' 100%%" in text
    assert "file = /tmp/50%% off/control.sock" in text
