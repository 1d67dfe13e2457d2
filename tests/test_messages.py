"""One rule for names in messages: torch's names go without their package, so that they are right
under ``import minigrad`` and ``python -m minigrad run`` alike; dtypes and sizes print their own."""

import io
import re
import tokenize
from pathlib import Path

import pytest

import minigrad

ROOT = Path(minigrad.__file__).parent
# mirror speaks of minigrad itself
SOURCES = sorted(
    p for kind in ("*.py", "*.pyx") for p in ROOT.rglob(kind) if "mirror" not in str(p)
)
NAMED = re.compile(r"(?<!``)\bminigrad\.[A-Za-z]\w*")
MODULES = {  # imported or compared by name
    "minigrad.complaints",
    "minigrad.edges",
    "minigrad.kernels",
    "minigrad.nn",
    "minigrad.ops",
}


def named(text):
    """Return the names of the package in the strings of source code that are not docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    kinds = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    strings = [t.string for t in tokens if t.type in kinds and '"""' not in t.string]
    return [found for text in strings for found in NAMED.findall(text) if found not in MODULES]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_messages_name_no_package(path):
    assert named(path.read_text(encoding="utf-8")) == []


def test_the_rule_is_read_and_not_only_passed():
    assert named('raise E("use minigrad.no_grad()")\n"""see minigrad.add"""') == [
        "minigrad.no_grad"
    ]
    assert named('# "minigrad.add"\nf"minigrad has no {name}"') == []
