from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from gnomon.runs import read_run


def test_a_notebook_shows_the_run(photographed: Path) -> None:
    run = read_run(photographed)
    html = run._repr_html_()
    assert f"<b>{run.keypoints.num_rows} keypoints in 3 images</b>" in html
    assert html.count("<tr>") == 4
    assert "not complete" not in html
    many = replace(
        run,
        images=pa.concat_tables([run.images] * 4),
        info=replace(run.info, classifier="<b>mine", end=None),
    )
    html = many._repr_html_()
    assert "and 4 images more" in html
    assert "&lt;b&gt;mine" in html
    assert "not complete" in html
