"""The installed command in processes of its own: an embedded folder, a server that owns it, the demo."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

RUNRATE = Path(sys.executable).parent / "runrate"
PROJECT = Path(__file__).parents[2]
SCENARIO = PROJECT / "fixtures" / "scenarios" / "graduated_carry_over_versions"
CARD = PROJECT / "fixtures" / "demo" / "ratecard.yaml"


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNRATE_")}
    return {**kept, **more}


def runrate(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RUNRATE, *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def server(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A server of the folder's store; what it told when it started."""
    process = subprocess.Popen(
        [RUNRATE, *options, "serve", "--port", "0", "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line.rstrip() == "}":
                break
        yield json.loads(text)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_folder_is_opened_or_its_server_asked(tmp_path: Path) -> None:
    assert "applied" in runrate("migrate", folder=tmp_path).stdout
    assert "up to date" in runrate("migrate", folder=tmp_path).stdout
    published = runrate("ratecard", "publish", str(CARD), folder=tmp_path)
    assert "aurora-ai version 1 published" in published.stdout, published.stderr
    with server(tmp_path) as told:
        assert told["api_key"].startswith("rr_")
        key_file = tmp_path / ".runrate" / "api_key"
        assert key_file.stat().st_mode & 0o077 == 0
        listed = json.loads(runrate("ratecard", "list", "--json", folder=tmp_path).stdout)
        assert [card["rate_card"] for card in listed["items"]] == ["aurora-ai"]
        refused = runrate("migrate", folder=tmp_path)
        assert refused.returncode == 1
        assert "a server runs for this store" in refused.stderr
        # Away from the folder a command needs the address and the key.
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        asked = ("ratecard", "list", "--url", told["url"])
        assert "RUNRATE_API_KEY" in runrate(*asked, folder=elsewhere).stderr
        assert "aurora-ai" in runrate(*asked, folder=elsewhere, RUNRATE_API_KEY=told["api_key"]).stdout
    assert not (tmp_path / ".runrate" / "server.json").exists()
    assert "aurora-ai" in runrate("ratecard", "list", folder=tmp_path).stdout


def test_a_folder_in_use_by_another_process(tmp_path: Path) -> None:
    with server(tmp_path):
        told = tmp_path / ".runrate" / "server.json"
        kept = told.read_text(encoding="utf-8")
        # As while another command has the folder: an owner, but no server.
        told.unlink()
        done = runrate("invoice", folder=tmp_path)
        told.write_text(kept, encoding="utf-8")
    assert done.returncode == 1
    assert f"in use by process {json.loads(kept)['pid']}" in done.stderr


def test_a_server_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / ".runrate"
    folder.mkdir()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale = {"url": "http://127.0.0.1:1", "pid": gone.pid}
    (folder / "server.json").write_text(json.dumps(stale), encoding="utf-8")
    done = runrate("ratecard", "list", folder=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "(no rate card is published)")


def test_scenario(tmp_path: Path) -> None:
    done = runrate("scenario", str(SCENARIO), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("holds")
    assert list(tmp_path.iterdir()) == []
    result = json.loads(runrate("scenario", str(SCENARIO), "--json", folder=tmp_path).stdout)
    assert list(result) == ["invoices", "balances", "unrated"]
    assert result["invoices"][0]["total"] == "78.50"


def test_scenario_that_does_not_hold(tmp_path: Path) -> None:
    for path in SCENARIO.iterdir():
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace('"78.50"', '"78.49"'), encoding="utf-8")
    done = runrate("scenario", ".", folder=tmp_path)
    assert done.returncode == 1
    [row] = [line.split() for line in done.stdout.splitlines() if "78.49" in line]
    assert row[-2:] == ["78.49", "78.50"]


def test_rate(tmp_path: Path) -> None:
    cases = [
        {"id": "a", "model": "per_unit", "price": {"unit_amount": "0.01"}, "quantity": "3"},
        {"id": "b", "model": "no_model", "price": {}, "quantity": "3"},
        {"id": "c", "model": "flat", "price": {"flat_amount": "5"}, "quantity": "0"},
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    done = runrate("rate", "--cases", "cases.json", folder=tmp_path)
    assert done.returncode == 1
    first, second, third = json.loads(done.stdout)
    assert (first, third) == ({"id": "a", "amount": "0.03"}, {"id": "c", "amount": "5"})
    assert second["id"] == "b"
    assert "no_model" in second["error"]
    assert "case b" in done.stderr
    (tmp_path / "cases.json").write_text(json.dumps(cases[::2]), encoding="utf-8")
    assert runrate("rate", "--cases", "cases.json", folder=tmp_path).returncode == 0


def try_next(text: str) -> list[list[str]]:
    """The commands that the demo ends with, as a shell reads them."""
    _, _, told = text.partition("Try next")
    return [shlex.split(line) for line in told.splitlines() if line.startswith("  runrate ")]


@pytest.mark.parametrize("run", ["the first", "a second, which goes on"])
def test_demo(tmp_path_factory: pytest.TempPathFactory, run: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "demo"
    folder.mkdir(exist_ok=True)
    store = ("--folder", "a demo")
    done = runrate("demo", "--once", "--events", "2000", "--port", "0", *store, folder=folder)
    assert done.returncode == 0, done.stderr
    for told in (
        "118 prices in force",
        "1,980 accepted, 20 duplicate",
        "northwind-2025:",
        "hoshizora-welcome",
    ):
        assert told in done.stdout, done.stdout
    # One event's trace; which one, and how it is priced, differs from run to run.
    assert "came under the customer id" in done.stdout
    # It has ended, so no address of it is told: commands are, and each of them works.
    assert "curl" not in done.stdout
    *commands, last = try_next(done.stdout)
    assert [command[3] for command in (*commands, last)] == [
        "invoice",
        "balance",
        "explain",
        "verify",
        "serve",
    ]
    assert done.stdout.splitlines()[-1].split()[-1] == "serve"
    for _, *arguments in commands:
        tried = runrate(*arguments, folder=folder)
        assert tried.returncode == 0, (arguments, tried.stderr)
    with server(folder, *last[1:3]) as address:
        assert address["store"] == "chdb:a demo"


def test_a_demo_that_goes_on_tells_how_to_ask_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [RUNRATE, "demo", "--events", "500", "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip().startswith("curl"):
                _, _, header, url = shlex.split(line)
                name, _, value = header.partition(": ")
                asked = httpx.get(url, headers={name: value}, timeout=60)
            if line.startswith("Ctrl-C"):
                break
    finally:
        process.kill()
        process.communicate()
    assert len(asked.json()["items"]) == 3
