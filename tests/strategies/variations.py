"""Other ways for the same things to happen: the result of each variation is the result of the scenario."""

import json
from collections.abc import Sequence
from random import Random

from tests.strategies.scenarios import Scenario


def _identity(line: str) -> tuple[str, str]:
    event = json.loads(line)
    return event["customer_id"], event["event_id"]


def _batches(scenario: Scenario) -> dict[str, list[str]]:
    """The lines of each events file, in the order in which the steps name them."""
    names = [step["events"] for step in scenario.steps if "events" in step]
    return {name: scenario.files[name].splitlines() for name in names}


def _with_batches(scenario: Scenario, batches: dict[str, list[str]]) -> Scenario:
    texts = {name: "".join(f"{line}\n" for line in lines) for name, lines in batches.items()}
    return Scenario(scenario.now, scenario.steps, {**scenario.files, **texts})


def shuffled(scenario: Scenario, seed: int) -> Scenario:
    """The events arrive in another order, over all files; those of one identity keep theirs, because the
    first arrival of an event stands."""
    random = Random(seed)
    batches = _batches(scenario)
    lines = [line for batch in batches.values() for line in batch]
    order = list(range(len(lines)))
    random.shuffle(order)
    places: dict[tuple[str, str], list[int]] = {}
    for place, source in enumerate(order):
        places.setdefault(_identity(lines[source]), []).append(place)
    for same in places.values():
        for place, source in zip(same, sorted(order[place] for place in same), strict=True):
            order[place] = source
    arrivals = iter([lines[source] for source in order])
    return _with_batches(scenario, {name: [next(arrivals) for _ in batch] for name, batch in batches.items()})


def split_batches(scenario: Scenario, seed: int, most: int = 7) -> Scenario:
    """Each events file becomes several of 1 to `most` events, one step each, in the same order."""
    random = Random(seed)
    steps: list[dict[str, object]] = []
    files = dict(scenario.files)
    for step in scenario.steps:
        if "events" not in step:
            steps.append(dict(step))
            continue
        lines = files.pop(step["events"]).splitlines()
        number = 0
        while lines:
            count = random.randint(1, most)
            number += 1
            name = f"{step['events'].removesuffix('.ndjson')}-{number}.ndjson"
            files[name] = "".join(f"{line}\n" for line in lines[:count])
            steps.append({"events": name})
            lines = lines[count:]
    return Scenario(scenario.now, tuple(steps), files)


def with_duplicates(scenario: Scenario, seed: int, share: tuple[int, int] = (1, 3)) -> Scenario:
    """About `share` of the events (a fraction as two whole numbers) arrive again, unchanged, some time after
    they first did: in the same file or in a later one."""
    random = Random(seed)
    batches = _batches(scenario)
    names = list(batches)
    for position, name in enumerate(names):
        for line in list(batches[name]):
            if random.randrange(share[1]) < share[0]:
                _insert_after(random, batches, names[position:], line)
    return _with_batches(scenario, batches)


def _insert_after(random: Random, batches: dict[str, list[str]], names: Sequence[str], line: str) -> None:
    name = random.choice(names)
    lines = batches[name]
    after = lines.index(line) + 1 if name == names[0] else 0
    lines.insert(random.randint(after, len(lines)), line)


def reordered(scenario: Scenario, seed: int) -> Scenario:
    """Activations, contracts and events happen in another order; publishing stays first, revisions and
    reconcile stay last, and steps of one kind keep their order among themselves."""
    random = Random(seed)
    kinds = ("activate", "contracts", "events")
    mixed = [step for step in scenario.steps if next(iter(step)) in kinds]
    first = scenario.steps.index(mixed[0])
    last = len(scenario.steps) - next(
        place for place, step in enumerate(reversed(scenario.steps)) if next(iter(step)) in kinds
    )
    queues = {kind: [step for step in mixed if kind in step] for kind in kinds}
    order = [next(iter(step)) for step in mixed]
    before = list(order)
    while order == before:
        random.shuffle(order)
    steps = [queues[kind].pop(0) for kind in order]
    return Scenario(
        scenario.now, (*scenario.steps[:first], *steps, *scenario.steps[last:]), dict(scenario.files)
    )
