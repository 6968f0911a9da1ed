"""Reading cohorts: one form for what is equal, and for what is wrong the place, the fact and the fix."""

from typing import Any

import pytest

from api.cohorts import EVERYONE, CohortErrors, cohort_of, cohort_words, parse_cohort


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("all", "all"),
        ("{percent: 10}", {"percent": "10"}),
        ('percent: "10.50"', {"percent": "10.5"}),
        ("{percent: 100}", {"percent": "100"}),
        ("{customers: [c2, c1, c2]}", {"customers": ["c1", "c2"]}),
        (
            "{contracts_starting_from: 2026-01-01T01:00:00+01:00}",
            {"contracts_starting_from": "2026-01-01T00:00:00Z"},
        ),
        ("{where: \" segment = 'pilot' \"}", {"where": "segment = 'pilot'"}),
    ],
)
def test_a_cohort_has_one_form(text: str, value: Any) -> None:
    found = parse_cohort(text, "--cohort")
    assert found.value == value
    assert cohort_of(value) == found


def test_a_number_is_no_customer_and_a_percentage() -> None:
    assert cohort_of({"percent": 5}) == cohort_of({"percent": "5"})
    with pytest.raises(CohortErrors, match="`1` is not a text"):
        cohort_of({"customers": [1]})
    assert cohort_of({"customers": ["1"]}).value == {"customers": ["1"]}


def test_everyone_is_no_condition() -> None:
    assert cohort_of("all") == parse_cohort(" all\n", "x") == EVERYONE


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("vip", "1:1", "wrong_type"),
        ("[c1]", "1:1", "wrong_type"),
        ("{}", "1:1", "wrong_type"),
        ("{vip: 1}", "1:2", "unknown_key"),
        ("{percent: 5, customers: [c1]}", "1:1", "wrong_type"),
        ("{percent: 5, percent: 6}", "1:14", "duplicate_key"),
        ("{percent: }", "1:1", "missing_field"),
        ("{percent: many}", "1:11", "invalid_number"),
        ("{percent: 1e1}", "1:11", "invalid_number"),
        ("{percent: 0}", "1:11", "number_out_of_range"),
        ("{percent: 100.1}", "1:11", "number_out_of_range"),
        ("{percent: 0.0000001}", "1:11", "number_out_of_range"),
        ("{customers: c1}", "1:13", "wrong_type"),
        ("{customers: []}", "1:1", "missing_field"),
        ("{customers: [7]}", "1:14", "wrong_type"),
        ("{contracts_starting_from: 2026-02-30T00:00:00Z}", "1:27", "invalid_instant"),
        ("{where: segment}", "1:9", "type_mismatch"),
        ("{where: segment = }", "1:18", "invalid_expression"),
        ("{where: \"segment = 'pilot'; DROP TABLE usage_events\"}", "1:27", "invalid_expression"),
        ("{where: \"sleep(3) = 0\"}", "1:10", "unknown_function"),
        ("{where: \"segment == 'pilot'\"}", "1:18", "invalid_expression"),
    ],
)  # fmt: skip
def test_what_is_no_cohort_is_refused_with_its_place(text: str, place: str, code: str) -> None:
    with pytest.raises(CohortErrors) as refused:
        parse_cohort(text, "--cohort")
    first = refused.value.errors[0]
    assert (f"{first.line}:{first.column}", first.code) == (place, code)
    assert first.fix


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("vip", "'vip' is no cohort"),
        (None, "'' is no cohort"),
        ({"percent": 0.1}, "write the number as text, not as 0.1"),
        ({"percent": True}, "write the number as text"),
        ({"where": "a = 'b' and c"}, "cohort.where, character 13: a property is not a condition"),
    ],
)
def test_a_value_that_is_no_cohort_is_refused(value: Any, told: str) -> None:
    with pytest.raises(ValueError, match="cohort") as refused:
        cohort_of(value)
    assert told in str(refused.value)


def test_a_cohort_in_words() -> None:
    assert cohort_words("all") == "all"
    assert cohort_words({"percent": "5"}) == "5 % of customers"
    assert cohort_words({"customers": ["a", "b", "c", "d"]}) == "customers a, b, c and 1 more"
    assert cohort_words({"where": "a = 'b'"}) == "where a = 'b'"
    since = {"contracts_starting_from": "2026-01-01T00:00:00Z"}
    assert cohort_words(since) == "contracts starting from 2026-01-01T00:00:00Z"
