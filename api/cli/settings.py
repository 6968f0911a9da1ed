"""Which store a command works on and how it prints: the options that every command has."""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.output import print_json, stderr
from api.contracts import ContractErrors
from api.errors import OperationRefused
from api.events import BadRequest
from api.instants import check_bounds, parse_day, parse_instant
from api.scenarios.plan import ScenarioErrors
from api.scenarios.run import StepFailed
from migrations.apply import MigrationChanged, NewerStore
from ratecard_compiler import RateCardErrors
from sql.errors import EngineError

DEFAULT_STORE = "chdb:.runrate"

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="DSN",
        help="Where usage is stored: chdb:FOLDER or clickhouse://user:password@host:port/database.",
        rich_help_panel="Every command",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="URL", help="Talk to the server at this address.", rich_help_panel="Every command"
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of tables.", rich_help_panel="Every command")
]


def check_instant(text: str | None) -> str | None:
    """Let an instant pass. Raises typer.BadParameter, which is wrong usage, for anything else."""
    if text is not None:
        try:
            check_bounds(parse_instant(text))
        except ValueError as fault:
            told = f"{text[:60]!r} {fault}; write it like 2026-01-31T12:00:00Z, from 2015 to 2100"
            raise typer.BadParameter(told) from None
    return text


def check_day(text: str | None) -> str | None:
    """Let a day pass. Raises typer.BadParameter, which is wrong usage, for anything else."""
    if text is not None:
        try:
            parse_day(text)
        except ValueError:
            raise typer.BadParameter("write a day like 2026-01-31") from None
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options before and after a command's name, and the environment, say."""

    store: str
    url: str | None
    as_json: bool
    api_key: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """The options before the command's name."""

    store: str | None = None
    url: str | None = None
    as_json: bool = False


def settings_of(given: Given, store: str | None, url: str | None, as_json: bool) -> Settings:
    """Options after the command's name come before those before it, and both before the environment."""
    return Settings(
        store=store or given.store or os.environ.get("RUNRATE_STORE") or DEFAULT_STORE,
        url=url or given.url or os.environ.get("RUNRATE_URL"),
        as_json=as_json or given.as_json,
        api_key=os.environ.get("RUNRATE_API_KEY") or None,
    )


def group(parent: typer.Typer, name: str, help_: str) -> typer.Typer:
    """Return a new group of commands. It takes the options that every command has, too."""
    made = typer.Typer(help=help_, no_args_is_help=True)

    @made.callback()
    def options(
        context: typer.Context,
        store: StoreOption = None,
        url: UrlOption = None,
        as_json: JsonOption = False,
    ) -> None:
        given = context.find_object(Given) or Given()
        context.obj = Given(store or given.store, url or given.url, as_json or given.as_json)

    parent.add_typer(made, name=name)
    return made


def command(
    app: typer.Typer, name: str, example: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command.

    Its first parameter gets the Settings; the command gets the options for them instead. What it raises
    becomes one line and exit code 1.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(
            context: typer.Context, store: str | None, url: str | None, as_json: bool, **arguments: Any
        ) -> None:
            given = context.find_object(Given) or Given()
            settings = settings_of(given, store, url, as_json)
            try:
                function(settings, **arguments)
            except EXPECTED as error:
                report(error, settings.as_json)
                raise typer.Exit(1) from None

        own = list(inspect.signature(function).parameters.values())[1:]
        shared = [
            _parameter("store", StoreOption, None),
            _parameter("url", UrlOption, None),
            _parameter("as_json", JsonOption, False),
        ]
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [context, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *shared]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        app.command(name, epilog=f"Example: {example}")(run)
        return function

    return register


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


EXPECTED = (
    CommandFailed,
    OperationRefused,
    BadRequest,
    RateCardErrors,
    ContractErrors,
    ScenarioErrors,
    StepFailed,
    EngineError,
    MigrationChanged,
    NewerStore,
    OSError,
    ValueError,
)
"""What a command may meet that is no fault of its own."""


def report(error: Exception, as_json: bool) -> None:
    """Print why a command ended: a line, and one more for each place where there are several."""
    message, details, code = _told(error)
    if as_json:
        print_json({"error": {"code": code, "message": message, "details": list(details)}})
    console = stderr()
    console.print(f"error: {message}", style="bold red", markup=False)
    for detail in details:
        console.print(f"  {detail}", markup=False)


def _told(error: Exception) -> tuple[str, tuple[str, ...], str | None]:
    match error:
        case CommandFailed():
            return error.message, error.details, error.code
        case OperationRefused():
            return error.message, tuple(str(one.get("message", one)) for one in error.errors), error.code
        case BadRequest():
            return error.message, (), error.code
        case RateCardErrors():
            lines = tuple(str(one) for one in error.errors)
            return (
                f"the rate card has {len(lines)} error{'s' if len(lines) != 1 else ''}",
                lines,
                "invalid_rate_card",
            )
        case ContractErrors():
            lines = tuple(str(one) for one in error.errors)
            return "the contracts file is refused", lines, "invalid_contracts"
        case StepFailed():
            return str(error), error.details, "step_failed"
        case ScenarioErrors():
            return "the scenario cannot be run", tuple(str(one) for one in error.errors), "invalid_scenario"
        case EngineError():
            return _first_line(str(error)), (), "engine_error"
        case OSError() if error.filename:
            return f"{error.filename}: {error.strerror}", (), "file_error"
        case _:
            return _first_line(str(error)), (), None


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["unknown"])[0][:500]


def fail_plainly(error: BaseException) -> None:
    """The last resort of `main`: an unexpected error is one line too; RUNRATE_TRACEBACK=1 shows all of it."""
    if os.environ.get("RUNRATE_TRACEBACK"):
        raise error
    text = f"{type(error).__name__}: {_first_line(str(error))}"
    sys.stderr.write(f"error: {text} (set RUNRATE_TRACEBACK=1 to see where)\n")
