"""What is handed to other programs names what there is."""

import json
import re
import subprocess

import yaml

from app.alerts.figures import _HELP
from app.core import prometheus
from tests.servers import ROOT

DEPLOY = ROOT / "deploy"
KNOWN = {f"recado_{name}" for name in _HELP} | {
    f"{family.name}{suffix}"
    for family in prometheus.registry.collect()
    for suffix in ("", "_total", "_bucket", "_sum", "_count")
}


def names(expression: str) -> set[str]:
    return set(re.findall(r"\brecado_[a-z_]+", expression))


def test_the_dashboard_asks_for_figures_that_exist() -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in names(target["expr"])}
    assert asked - KNOWN == set()
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_alert_rules_ask_for_figures_that_exist_and_say_what_to_do() -> None:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]:
        assert names(rule["expr"]) <= KNOWN, rule["alert"]
        assert rule["annotations"]["description"]


def test_the_installer_is_a_shell_script_without_errors() -> None:
    told = subprocess.run(["bash", "-n", ROOT / "install"], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_installer_puts_files_that_exist() -> None:
    text = (ROOT / "install").read_text()
    asked = set(re.findall(r"\$here/((?:deploy|systemd|nginx\.conf)[\w./-]*)", text))
    assert {name for name in asked if not (ROOT / name).exists()} == set()
    assert asked


def test_failed_sign_ins_are_recognised_in_nginx_s_log() -> None:
    expression = re.search(r"failregex = (.*)", (DEPLOY / "fail2ban-filter.conf").read_text())
    assert expression
    pattern = re.compile(expression.group(1).replace("<HOST>", r"(?P<host>\S+)"))
    line = '203.0.113.7 - - [22/Nov/2026:02:47:29 +0000] "POST /login HTTP/2.0" {} 4437 "https://x/login" "Mozilla"'
    assert pattern.search(line.format(401))
    assert not pattern.search(line.format(303))
