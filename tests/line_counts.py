"""``python tests/line_counts.py``: write the sizes of the files into examples/README.md.

The reader's path there is a table; a row links to a file of the package and then says how many
lines it has, to the nearest ten.  test_lessons.py asks whether they are right.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "examples" / "README.md"
ROW = re.compile(r"^(\|.*?\]\((\.\./[\w/.]+)\).*?\|) *[\d,]* *\|", re.M)
TOTAL = re.compile(r"[\d,]+( lines in all)")


def lines_in(target):
    """Return the number of lines in a file, to the nearest ten."""
    text = (PAGE.parent / target).read_text(encoding="utf-8")
    return round(len(text.splitlines()), -1)


def counted(text):
    """Return the page with the sizes that the files have now."""
    total = sum(lines_in(target) for _, target in ROW.findall(text))
    text = ROW.sub(lambda row: f"{row[1]} {lines_in(row[2]):,} |", text)
    return TOTAL.sub(rf"{total:,}\1", text)


if __name__ == "__main__":
    PAGE.write_text(counted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
