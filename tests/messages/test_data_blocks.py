"""Tables and charts as blocks that Slack takes, whatever stands in them, and a table as text."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.messages.data_blocks import MOST_CATEGORIES, MOST_SERIES, chart_block, table_block, table_lines
from bot.messages.document import Chart, Heading, Line, Table, Typed, User
from bot.messages.inline import Room
from bot.messages.render import render
from bot.sandbox.slack.blocks import Surface, block_problems

CELLS = st.builds(lambda text: (Typed(text),), st.text()) | st.just((User("U0ANN0001"),)) | st.just(("12",))
TABLE = Table(("Reason", "Requests", "Orders"), ((("duplicate",), ("2",), ("30",)), (("fire",), ("1",), ("4",))))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(2, 7))
    row = st.lists(CELLS, min_size=width, max_size=width).map(tuple)
    rows: tuple[tuple[Line, ...], ...] = draw(st.lists(row, min_size=1, max_size=15).map(tuple))
    return Table(tuple(f"Column {number}" for number in range(width)) if width > 2 else (), rows)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    categories = draw(st.lists(st.text(), min_size=1, max_size=30).map(tuple))
    numbers = st.lists(st.integers(0, 10**9), min_size=len(categories), max_size=len(categories)).map(tuple)
    series = draw(st.lists(st.tuples(st.text(), numbers), min_size=1, max_size=8).map(tuple))
    return Chart(draw(st.text(min_size=1)), categories, series)


@given(table=tables())
def test_slack_takes_every_table(table: Table) -> None:
    assert [] == block_problems([table_block(table, Room())], Surface.MESSAGE)


@given(chart=charts())
def test_slack_takes_every_chart(chart: Chart) -> None:
    block = chart_block(chart)
    drawn: dict[str, Any] = block["chart"]

    assert [] == block_problems([block], Surface.MESSAGE)
    assert min(MOST_CATEGORIES, len(chart.categories)) == len(drawn["axis_config"]["categories"])
    assert min(MOST_SERIES, len(chart.series)) == len(drawn["series"])


def test_categories_of_one_beginning_are_told_apart() -> None:
    names = ("the customer asked for it", "the customer asked for another", "other")
    block = chart_block(Chart("Orders", names, (("cancelled", (1, 2, 3)),)))
    labels = block["chart"]["axis_config"]["categories"]

    assert ["the customer asked…", "the customer ask… 2", "other"] == labels


def test_a_table_of_several_columns_names_each_number_in_its_text() -> None:
    assert ["Reason:", "duplicate: Requests 2, Orders 30", "fire: Requests 1, Orders 4"] == table_lines(TABLE, Room())


def test_a_table_of_two_columns_is_a_line_for_each_figure() -> None:
    assert ["Cancelled: 12"] == table_lines(Table((), ((("Cancelled",), ("12",)),)), Room())


def test_a_message_with_a_chart_has_the_same_without_it_at_hand() -> None:
    chart = Chart("Orders", ("cancelled",), (("orders", (1,)),))
    message = render((Heading("Figures"), chart, TABLE))

    assert ["header", "data_visualization", "table"] == [block["type"] for block in message.blocks]
    assert [["header", "table"]] == [[block["type"] for block in blocks] for blocks in message.plainer]


def test_a_message_without_a_chart_has_nothing_plainer_than_its_text() -> None:
    assert () == render((Heading("Figures"), TABLE)).plainer
