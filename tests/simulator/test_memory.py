"""A killed simulator still knows its phones."""

import subprocess
import sys
from pathlib import Path

from tests.ports import free_port
from tests.simulator.driver import Gateway, Receiver, running


def test_a_killed_simulator_comes_back_with_everything(tmp_path: Path, receiver: Receiver) -> None:
    port = free_port()
    gateway = Gateway(port)
    with running(port, data=tmp_path):
        gateway.sim("POST", "config", {"behaviour": {"server_ack": 3600, "read_probability": 0}})
        gateway.create(webhook={"url": receiver.url, "events": []})
        gateway.create("fechada")
        gateway.pair(receiver)
        sent = gateway.send("antes da queda").json()
        image = gateway.sim("POST", "instances/loja/inbound", {"from": "5521987651234", "kind": "image"})
        before = gateway.sim("GET", "ledger")
    with running(port, data=tmp_path):
        receiver.wait("connection.update", count=2, where=lambda data: data["state"] == "open")
        after = gateway.sim("GET", "ledger")
        assert [row["key_id"] for row in after] == [row["key_id"] for row in before] == [sent["key"]["id"]]
        states = {row["name"]: row["state"] for row in gateway.sim("GET", "instances")}
        assert states == {"loja": "open", "fechada": "close"}
        body = {"message": {"key": {"id": image["key"]["id"]}}}
        assert gateway.api("POST", "/chat/getBase64FromMediaMessage/loja", body).status_code == 201
        closed = gateway.api("POST", "/message/sendText/fechada", {"number": "5511987654321", "text": "x"})
        assert "onWhatsApp" in closed.json()["response"]["message"]


def test_receipts_that_were_due_still_come(tmp_path: Path, receiver: Receiver) -> None:
    port = free_port()
    gateway = Gateway(port)
    with running(port, data=tmp_path):
        gateway.sim("POST", "config", {"behaviour": {"server_ack": 150, "read_probability": 1}})
        gateway.create(webhook={"url": receiver.url, "events": []})
        gateway.pair(receiver)
        key_id = gateway.send().json()["key"]["id"]
    with running(port, data=tmp_path):
        updates = receiver.wait("messages.update", count=3)
        assert {post.data["keyId"] for post in updates} == {key_id}


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    with running(port):
        command = [sys.executable, "-m", "simulator", "--port", str(port)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert second.stderr == f"simulator: port {port} is taken\n"
