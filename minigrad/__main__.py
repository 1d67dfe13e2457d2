"""The command line: run a program written for torch, or say what it would miss."""

import sys

from minigrad.mirror import missing, program

USAGE = """\
usage: python -m minigrad run SCRIPT [ARGUMENTS ...]
       python -m minigrad run -m MODULE [ARGUMENTS ...]
       python -m minigrad missing SCRIPT [SCRIPT ...]

run       run a script (or notebook, .ipynb) written for torch: in this process, and those that it
          starts by multiprocessing, every import of torch gives minigrad; at the first name that
          minigrad lacks, say what to use instead
missing   list all names of torch in a script that minigrad lacks, without running it"""


def main(arguments):
    """Do what the command line asks; return the exit status."""
    match arguments:
        case ["run", "-m", module, *rest]:
            return program.run_module(module, rest)
        case ["run", script, *rest] if not script.startswith("-"):
            return program.run(script, rest)
        case ["missing", script, *more] if not script.startswith("-"):
            return max([missing.report(path) for path in (script, *more)])
        case ["-h" | "--help"]:
            print(USAGE)
            return 0
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
