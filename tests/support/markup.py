"""Names that would be markup, a script or a format, were they not taken for text."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from gnomon.runs import Run

NAMES = (
    '<img src=x onerror="window.ran=1">',
    "</script><script>window.ran=1</script>",
    '"><svg onload=window.ran=1>',
    "' onmouseover='window.ran=1",
    "</title></style></textarea><iframe srcdoc='<script>parent.ran=1</script>'>",
    "javascript:window.ran=1",
    "[red]bold[/]",
    "{{ window.ran = 1 }}",
    "${window.ran = 1}`",
    "&lt;b&gt; &#60;i&#62;",
)

PLANTED = """
<img src=x onerror="window.ran=1"><img src="https://gnomon.example/pixel.png">
<script>window.ran=1</script><script src="https://gnomon.example/script.js"></script>
<p id="red" style="color: rgb(255, 0, 0)">red</p><style>#red { display: none }</style>
<iframe src="https://gnomon.example/"></iframe><base href="https://gnomon.example/">
<form action="https://gnomon.example/"></form><object data="https://gnomon.example/"></object>
"""
"""What a name would do in a page, were it not text."""
VIOLATIONS = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) =>
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def watched(page: Any) -> Any:
    """Load a page again, and note every violation of its policy from the first line on."""
    page.add_init_script(VIOLATIONS)
    page.reload()
    return page


def hostile(run: Run) -> Run:
    """Give all that is shown of a run such names."""
    rows = run.images.to_pylist()
    for number, row in enumerate(rows):
        row |= {"label": NAMES[number], "path": f"{row['path']}/{NAMES[number]}.jpg"}
    points = run.keypoints
    parts = pa.array([row % len(NAMES) for row in range(len(points))], points["part"].type)
    return replace(
        run,
        images=pa.Table.from_pylist(rows, run.images.schema),
        keypoints=points.set_column(points.column_names.index("part"), "part", parts),
        part_names=NAMES,
    )
