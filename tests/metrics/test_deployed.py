"""Do dashboard and alerts ask for what there is, and do the alerts come when they should?"""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from config.settings import Settings
from contracts.vocabulary import Channel, DeliveryStatus, Lane
from tests.docs.reading import ROOT
from tests.metrics.expressions import (
    DASHBOARD,
    PROMETHEUS,
    everything,
    labels,
    names,
    rules,
    values,
)
from tests.metrics.promtool import find
from workers.metrics.definitions import DEFINITIONS
from workers.metrics.store_figures import STANDINGS, STATES

OF_PROMETHEUS = {
    "up": (),
    "process_resident_memory_bytes": (),
    "process_cpu_seconds_total": (),
}
SERIES = {name: found.labels for found in DEFINITIONS.values() for name in found.series}
SCRAPED = {"job", "service", "instance", "le"}
# what a container has no use for: its port is mapped, and Docker starts each process itself
ELSEWHERE = {
    "ONWARD_BOUNCE_PORT",
    "ONWARD_FAILPOINTS",
    "ONWARD_HUNG_AFTER_SECONDS",
    "ONWARD_UP_DISPATCHERS",
}
EVERY = pytest.mark.parametrize(("what", "expression"), everything())


@pytest.fixture(scope="module")
def promtool() -> str:
    """Give Prometheus's own checker, where it can be had."""
    found = find()
    if found is None:
        pytest.skip("LEFT OUT for want of promtool: not installed (Debian: apt install prometheus)")
    return found


def _run(promtool: str, *words: str) -> str:
    done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@EVERY
def test_every_expression_names_figures_and_labels_that_there_are(
    what: str, expression: str
) -> None:
    """A panel that asks for a misspelt figure is empty, and an alert on it never comes."""
    named = names(expression)
    known = SERIES | OF_PROMETHEUS

    assert named, what
    assert named <= known.keys(), what
    assert labels(expression) <= SCRAPED.union(*(known[name] for name in named)), what


@EVERY
def test_every_expression_matches_words_that_there_are(what: str, expression: str) -> None:
    """The same of a misspelt word."""
    assert values(expression, "lane") <= set(Lane), what
    assert values(expression, "channel") <= set(Channel), what
    assert values(expression, "to") <= set(DeliveryStatus), what
    assert values(expression, "standing") <= set(STANDINGS), what
    assert values(expression, "state") <= set(STATES), what


def test_the_dashboard_shows_every_part() -> None:
    """Whoever looks at it need not know what else there is."""
    shown = set().union(*(names(expression) for _, expression in everything()))

    unseen = {f.name for f in DEFINITIONS.values() if not shown & set(f.series)}

    assert unseen <= {"onward_build_info"}


def test_the_dashboard_is_whole() -> None:
    """Grafana loads it as it lies there, and nobody edits it in place."""
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    source = yaml.safe_load(
        (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml").read_text()
    )["datasources"][0]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert all(panel["description"].endswith(".") for panel in panels)
    assert not dashboard["editable"]


def test_the_compose_file_scrapes_every_process_of_ours_and_publishes_no_operations_port() -> None:
    """A process that is not scraped is not missed, and figures are not for the public."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    scrape = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"][0]
    found = scrape["dns_sd_configs"][0]
    ours = {
        name
        for name, one in compose.items()
        if one.get("healthcheck") == compose["intake"]["healthcheck"]
    }
    missed = next(rule for rule in rules() if rule["alert"] == "FiguresAreMissing")

    chosen = {name for name in ours if compose[name].get("profiles")}  # missed by nobody else

    assert ours - chosen == {"intake", "dispatch-soon", "dispatch", "upkeep", "web"}
    assert set(found["names"]) == ours
    assert values(missed["expr"], "service") == ours - chosen
    assert found["port"] == compose["intake"]["environment"]["ONWARD_OPS_PORT"]
    assert f":{found['port']}/healthz" in compose["intake"]["healthcheck"]["test"][-1]
    published = [port for one in compose.values() for port in one.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not any(port.endswith(f":{found['port']}") for port in published)


def test_the_compose_file_sets_only_what_there_is_and_all_that_the_page_tells_to_set() -> None:
    """An unknown name stops every process; one that is not passed on is a silence."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    pages = [
        (ROOT / f"docs/{name}.md").read_text() for name in ("operating", "channels", "records")
    ]
    told = set(re.findall(r"\bONWARD_[A-Z_]+[A-Z]\b", "".join(pages)))
    known = {f"ONWARD_{name.upper()}" for name in Settings.model_fields}

    given = set(compose["web"]["environment"])

    assert given <= known
    assert told & known - given <= ELSEWHERE


def test_what_watches_is_pinned_bounded_and_without_rights() -> None:
    """It is given as little as our own."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for name in ("prometheus", "grafana"):
        one = compose[name]
        assert one["image"].rpartition(":")[2].count(".") == 2, name
        assert one["user"].split(":")[0] not in {"", "0", "root"}, name
        assert one["read_only"], name
        assert one["mem_limit"], name
        assert one["healthcheck"]["test"][0] == "CMD", name
        mounted = [v for v in one["volumes"] if v.startswith("./")]
        assert mounted
        assert all(v.endswith(":ro") and (ROOT / v.split(":")[0]).exists() for v in mounted)


def test_prometheus_takes_its_configuration(promtool: str) -> None:
    """It ends at the start where it does not."""
    _run(promtool, "check", "config", "--syntax-only", str(PROMETHEUS / "prometheus.yml"))
    _run(promtool, "check", "rules", str(PROMETHEUS / "alerts.yml"))


def test_every_expression_of_the_dashboard_is_promql(promtool: str, tmp_path: Path) -> None:
    """Read by Prometheus's own parser."""
    asked = [{"record": f"panel:{n}", "expr": e} for n, (_, e) in enumerate(everything())]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))

    _run(promtool, "check", "rules", str(path))


def test_alerts_come_when_they_should_and_not_before(promtool: str, tmp_path: Path) -> None:
    """The three worst, what is owed, and blindness: each by a story in ``alert_cases.yml``."""
    cases = yaml.safe_load((Path(__file__).parent / "alert_cases.yml").read_text())
    path = tmp_path / "cases.yml"
    path.write_text(yaml.safe_dump(cases | {"rule_files": [str(PROMETHEUS / "alerts.yml")]}))

    _run(promtool, "test", "rules", str(path))

    told = {t["alertname"] for case in cases["tests"] for t in case["alert_rule_test"]}
    assert told == {rule["alert"] for rule in rules()}
