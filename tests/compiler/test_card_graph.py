"""The graph of a card as text and as Mermaid."""

from ratecard_compiler import compile_card
from ratecard_compiler.card_graph import card_graph, graph_mermaid, graph_text

CARD = """rate_card: acme-ai
currency: USD
constants: {margin: "1.30", unused: "7"}
tables:
  cost: {keys: [model], rows: {small: "0.5", "*": "1"}}
formulas:
  base: cost[model] * margin
  end: |-
    base +
    cost['small']
meters:
  tokens: {event_type: e, aggregation: sum, quantity: tokens, unit: 'token "raw"'}
products:
  inference:
    meter: tokens
    dimensions: {model: model}
    price: {model: graduated, tiers: [{up_to: "5", unit_amount: base}, {up_to: null, unit_amount: "end * margin"}]}
"""


def test_text() -> None:
    assert (
        graph_text(card_graph(compile_card(CARD)))
        == """rate card acme-ai, USD

constants
  margin = 1.30
    → base, inference
  unused = 7
    → nothing

tables
  cost[model], 2 rows
      cost[small] = 0.5
      cost[*] = 1
    → base, end

formulas
  base = cost[model] * margin
    ← cost, margin
    → end, inference
  end = base + cost['small']
    ← cost, base
    → inference

products
  inference: graduated in USD per token "raw"
    ← base, end, margin"""
    )


def test_mermaid() -> None:
    """Nodes are numbered: `end` is a word of Mermaid. What would end a label is written as an entity."""
    assert (
        graph_mermaid(card_graph(compile_card(CARD)))
        == """flowchart LR
  n1(["margin = 1.30"])
  n2(["unused = 7"])
  n3[("cost[model], 2 rows")]
  n4["base = cost[model] * margin"]
  n5["end = base + cost['small']"]
  n6[["inference<br/>graduated in USD per token #34;raw#34;"]]
  n3 --> n4
  n1 --> n4
  n3 --> n5
  n4 --> n5
  n4 --> n6
  n5 --> n6
  n1 --> n6"""
    )
