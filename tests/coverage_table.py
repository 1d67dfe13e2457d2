"""Print how many lines of Python and of Cython the tests have run: see .ci/coverage.

Python's come from coverage.py.  Cython's come from gcov, which counts the lines of the C that
Cython has written; comments there say which line of the .pyx or .pxd what follows was made of.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

LEAST = 95  # per cent
MARK = re.compile(r'\s*/\* "(minigrad/[\w/]+\.(?:pyx|pxd))":(\d+)$')


def origins(source):
    """Return for each line of a C file the (file, line) it was made of, where it says so."""
    found, place, inside = {}, None, False
    for number, line in enumerate(source.read_text().splitlines(), 1):
        if match := MARK.match(line):
            place, inside = (match[1], int(match[2])), True
        elif inside:
            inside = "*/" not in line
        elif line.startswith(("}", "/*")) or "/* function exit code */" in line:
            place = None
        elif place:
            found[number] = place
    return found


def cython_lines():
    """Return {file: {line: whether it ran}}."""
    lines = defaultdict(dict)
    for notes in sorted(Path("build").glob("temp*/**/*.gcno")):
        report = subprocess.check_output(
            ["gcov", "--json-format", "--stdout", str(notes)], stderr=subprocess.DEVNULL
        )
        for file in json.loads(report)["files"]:
            if not file["file"].endswith(f"{notes.stem}.c"):
                continue
            made_of = origins(Path(file["file"]))
            for line in file["lines"]:
                if place := made_of.get(line["line_number"]):
                    name, number = place
                    lines[name][number] = lines[name].get(number, False) or line["count"] > 0
    return lines


def python_lines():
    """Return {file: {line: whether it ran}}."""
    files = json.loads(Path("build/coverage.json").read_text())["files"]
    return {
        name: dict.fromkeys(file["executed_lines"], True)
        | dict.fromkeys(file["missing_lines"], False)
        for name, file in files.items()
        if name.startswith("minigrad/")
    }


def stretches(numbers):
    """Return "3-5, 9" for [3, 4, 5, 9]."""
    found = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in found)


def main():
    enough = True
    for language, files in (("Python", python_lines()), ("Cython", cython_lines())):
        ran = sum(sum(lines.values()) for lines in files.values())
        total = sum(len(lines) for lines in files.values())
        share = 100 * ran / total
        enough = enough and share >= LEAST
        print(f"{language}: {ran} of {total} lines of {len(files)} files run: {share:.1f} %")
        for name, lines in sorted(files.items()):
            missed = [number for number, run in lines.items() if not run]
            own = 100 - 100 * len(missed) / max(len(lines), 1)
            if own < LEAST or (missed and "--all" in sys.argv):
                print(f"  {own:5.1f} %  {name}: not {stretches(missed)}")
    print(f"At least {LEAST} % of each: {'yes' if enough else 'NO'}")
    sys.exit(not enough)


if __name__ == "__main__":
    main()
