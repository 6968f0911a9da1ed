"""The tour of the README runs as it is written, and prints what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")

FILE = re.compile(r"^`(?P<name>[\w.]+)`: [^\n]*\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the tour with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in CONSOLE.finditer(README):
        for line in block["text"].splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    return found


def tidy(text: str) -> list[str]:
    """The lines of an output without blank ones; how wide a table is drawn means nothing."""
    lines = (re.sub(r"─+", "─", " ".join(line.split())) for line in text.splitlines())
    return [line for line in lines if line]


def pattern(lines: list[str]) -> str:
    """What an output must look like; `…` is anything on its line."""
    return "\n".join(".+".join(map(re.escape, line.split("…"))) for line in tidy("\n".join(lines)))


def test_the_tour_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    files = {match["name"]: match["text"] for match in FILE.finditer(README)}
    assert set(files) == {"ratecard.yaml", "contracts.yaml", "usage.ndjson"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNRATE_")}
    environment = {**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    tour = commands()
    assert len(tour) >= 10
    for command, expected in tour:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        printed = "\n".join(tidy(done.stdout))
        assert re.fullmatch(pattern(expected), printed), f"{command}\n{done.stdout}"
