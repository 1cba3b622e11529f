"""erase.md, played: a request is erased, then all of its person."""

import pytest
from drill import Play
from torture.outside import ANN, order_ids, request_id

pytestmark = [pytest.mark.long, pytest.mark.in_turn]


def test_erasing(play: Play) -> None:
    with play("erase.md") as drill:
        asked = drill.ask(f"{' '.join(order_ids(2))} because Mrs Quillfeather")
        drill.call("R-7K3F9Q", request_id(asked))
        drill.call("U0000001", ANN)
        drill.press(ANN, asked, "go_ahead")
        drill.ended(request_id(asked))
        drill.run()
        drill.see(drill.shown)
        again = drill.ask(f"{order_ids(3)[2]} because Mrs Quillfeather")
        drill.press(ANN, again, "go_ahead")
        drill.ended(request_id(again))
        drill.run()
