"""A report, never a failure: files and functions that are longer than one room."""

import ast

from tests.checks.sources import ROOT, python_files

LONG_FILE_LINES = 400
LONG_FUNCTION_LINES = 60


def report() -> list[str]:
    """The long ones, with their number of lines."""
    lines = []
    for path in python_files("services", "clients", "lab"):
        if {"tests", "versions"} & set(path.parts):
            continue
        text = (ROOT / path).read_text()
        if (count := text.count("\n")) > LONG_FILE_LINES:
            lines.append(f"{path}: {count} lines")
        lines += [f"{path}:{start}: {name} has {count} lines" for start, name, count in _long_functions(text)]
    return lines


def _long_functions(text: str) -> list[tuple[int, str, int]]:
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    sized = ((n.lineno, n.name, (n.end_lineno or n.lineno) - n.lineno + 1) for n in functions)
    return [one for one in sized if one[2] > LONG_FUNCTION_LINES]
