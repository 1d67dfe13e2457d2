"""Build notebooks and web pages of the lessons, with their outputs.

    pip install -e ".[lessons]"
    python -m examples.lessons.build                   # all of them, into runs/lessons
    python -m examples.lessons.build 02 04 --out site

A lesson is a Python file in "percent" format: ``# %%`` begins a cell, ``# %% [markdown]`` a cell of
text.  Editors open it as a notebook.  This program runs each, and writes ``NN_name.ipynb`` and
``NN_name.html`` with everything it printed and drew, and an ``index.html``.  The pages need nothing
from the network.
"""

import argparse
import html
import sys
import time
from pathlib import Path

try:
    import jupytext
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter
except ImportError as error:
    sys.exit(f'{error}.  This program needs it: pip install -e ".[lessons]"')

FOLDER = Path(__file__).resolve().parent
LESSONS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 54em; margin: 2em auto; padding: 0 1em; }}
pre, code {{ font: 14px/1.4 ui-monospace, monospace; }}
pre {{ overflow-x: auto; padding: 0.6em 0.8em; margin: 0; background: none; }}
.highlight {{ border: 1px solid #8885; border-radius: 4px; background: #8881; }}
.output_subarea pre {{ border-left: 4px solid #4a8fd0; margin: 0.5em 0; }}
.prompt, .anchor-link {{ display: none; }}
table {{ border-collapse: collapse; }}
td, th {{ border: 1px solid #8885; padding: 0.2em 0.6em; text-align: left; }}
img {{ max-width: 100%; background: white; }}
{light}
@media (prefers-color-scheme: dark) {{ {dark} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def styles(name):
    """Return the CSS for the colours of code, without a background of its own."""
    return HtmlFormatter(style=name, nobackground=True).get_style_defs(".highlight")


def page(title, body):
    return PAGE.format(
        title=html.escape(title), body=body, light=styles("default"), dark=styles("github-dark")
    )


def title_of(lesson):
    """Return the heading that a lesson begins with."""
    return next(line for line in lesson.read_text().split("\n") if line.startswith("# # "))[4:]


def build(lesson, out):
    """Run one lesson, and write its notebook and its page into the folder ``out``."""
    notebook = jupytext.read(lesson)
    notebook.metadata["title"] = title_of(lesson)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3",
    }
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    jupytext.write(notebook, out / f"{lesson.stem}.ipynb")
    # "basic" is the cells and nothing else: no scripts, and no styles from elsewhere
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    (out / f"{lesson.stem}.html").write_text(page(title_of(lesson), body), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lessons", nargs="*", help="numbers, such as 02 (default: all)")
    parser.add_argument("--out", default="runs/lessons", metavar="DIR", help="where to write")
    arguments = parser.parse_args()
    numbers = {lesson.stem[:2]: lesson for lesson in LESSONS}
    unknown = [n for n in arguments.lessons if n.zfill(2) not in numbers]
    if unknown:
        parser.error(f"there is no lesson {unknown[0]}; there are {', '.join(numbers)}")
    chosen = [numbers[n.zfill(2)] for n in arguments.lessons] or LESSONS

    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for lesson in chosen:
        start = time.perf_counter()
        build(lesson, out)
        print(f"{out / lesson.stem}.html  ({time.perf_counter() - start:.1f} s)", flush=True)
    items = [
        f'<li><a href="{lesson.stem}.html">{html.escape(title_of(lesson))}</a></li>'
        for lesson in LESSONS
        if (out / f"{lesson.stem}.html").exists()
    ]
    body = "<h1>minigrad: lessons</h1><ul>" + "\n".join(items) + "</ul>"
    (out / "index.html").write_text(page("minigrad: lessons", body), encoding="utf-8")
    print(out / "index.html")


if __name__ == "__main__":
    main()
