"""Imports go one way, and a plain import of gnomon stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "gnomon"

LEVELS = [
    {"masking", "path_text"},
    {"disk", "errors", "geometry", "strict_json"},
    {"arguments", "showing", "tables"},
    {"extras", "figures", "foreign", "interrupt", "limits", "memory", "page_policy", "plugs"}
    | {"spreadsheets"},
    {"supervision_points", "types"},
    {"detection", "presets"},
    {"images"},
    {"classifier"},
    {"occlusion", "backprop", "fusion", "peaks", "foerstner", "structure"},
    {"propose", "localize", "prove"},
    {"calibration"},
    {"locate"},
    {"detector"},
    {"datasets"},
    {"evaluation"},
    {"runs"},
    {"scale", "export", "landmarks", "parts", "report", "training"},
    {"corrections"},
    {"web"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}


def unit(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_units(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {p[1] for p in parts if p[0] == "gnomon" and len(p) > 1 and p[1] in LEVEL}
    return found


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_a_file_imports_only_what_stands_before_it(path: Path) -> None:
    me = unit(path)
    if me in ("__init__", "__main__"):
        return
    assert me in LEVEL, f"{me} has no level yet: say where it stands"
    upwards = {name for name in imported_units(path) if name != me and LEVEL[name] >= LEVEL[me]}
    assert not upwards


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("gnomon, gnomon.cli", {"torch", "matplotlib", "scipy"}),
        ("gnomon.detector", {"timm", "torchvision", "matplotlib"}),
    ],
)
def test_a_plain_import_loads_no_library_that_it_may_not_need(
    modules: str, heavy: set[str]
) -> None:
    code = f"import {modules}, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
