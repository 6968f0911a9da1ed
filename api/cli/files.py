"""Reading the files that commands are given: what cannot be read is said with the file's name."""

from pathlib import Path

from api.cli.failures import CommandFailed


def read_text(file: Path) -> str:
    """The text of a file. Raises CommandFailed."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandFailed(f"{file}: there is no such file") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file}: not UTF-8; save it as UTF-8") from None
