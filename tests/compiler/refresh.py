"""Write the expected files of every case anew: `python -m tests.compiler.refresh`. Read the diff first."""

from tests.compiler.rendering import case_folders, expected_files, written_files


def main() -> None:
    """Replace what differs, and say what did."""
    for folder in case_folders():
        expected, written = expected_files(folder), written_files(folder)
        for name in written.keys() - expected.keys():
            (folder / name).unlink()
        for name, text in expected.items():
            if written.get(name) == text:
                continue
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{folder.name}/{name}")


if __name__ == "__main__":
    main()
