"""Parts that expressions have in common: what is shared, in which layer, and that it says the same."""

from ratecard_compiler.shared_parts import Part, shared_parts

MODEL = "properties['model']"
CLEAN = f"replaceAll({MODEL}, '\\x1F', '\\x1E')"


def test_what_is_there_once_stays_where_it_is() -> None:
    found = shared_parts([CLEAN, "properties['region'] = 'eu'"])
    assert found.layers == ()
    assert found.named_in(CLEAN) == CLEAN


def test_the_biggest_call_is_shared_and_not_what_only_it_holds() -> None:
    expressions = [f"concat({CLEAN}, 'a')", f"concat({CLEAN}, 'b')"]
    found = shared_parts(expressions)
    assert found.layers == ((Part("part_1", CLEAN),),)
    assert [found.named_in(one) for one in expressions] == ["concat(part_1, 'a')", "concat(part_1, 'b')"]


def test_what_is_also_there_by_itself_is_a_layer_below() -> None:
    expressions = [CLEAN, CLEAN, f"{MODEL} = 'small'"]
    found = shared_parts(expressions)
    assert found.layers == (
        (Part("part_1", MODEL),),
        (Part("part_2", "replaceAll(part_1, '\\x1F', '\\x1E')"),),
    )
    assert [found.named_in(one) for one in expressions] == ["part_2", "part_2", "part_1 = 'small'"]


def test_operators_between_calls_and_brackets_stay() -> None:
    number = "toInt64OrNull(properties['tokens'])"
    sums = [f"({number} + 1) * {number}", f"-({number})"]
    found = shared_parts(sums)
    assert found.layers == ((Part("part_1", number),),)
    assert [found.named_in(one) for one in sums] == ["(part_1 + 1) * part_1", "-(part_1)"]


def test_constants_stay_constants() -> None:
    constant = "toDecimal128('1', 0)"
    assert shared_parts([constant, constant, f"concat({constant})"]).layers == ()


def test_what_a_text_holds_is_no_call() -> None:
    """Quotes and backslashes as the engine writes them: none of these texts reads a property."""
    texts = ["f('g(properties[x])')", "f('it''s properties[')", r"f('\'properties[', '\\')"]
    found = shared_parts([*texts, *texts])
    assert found.layers == ()
    assert [found.named_in(one) for one in texts] == texts


def test_a_property_is_found_beside_a_text_that_looks_like_one() -> None:
    one = f"concat({MODEL}, ')properties[''')"
    found = shared_parts([one, one])
    assert found.layers == ((Part("part_1", one),),)


def test_presence_reads_the_properties_too() -> None:
    present = "mapContains(properties, 'model')"
    assert shared_parts([present, f"{present} AND 1"]).layers == ((Part("part_1", present),),)
