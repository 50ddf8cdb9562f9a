"""Validation as a pure function: each thing that can be wrong is said once, with its line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.blueprint.adapters.bounded import BoundedValidation
from services.blueprint.domain.blueprint import Elements
from services.blueprint.domain.element import element_of
from services.blueprint.domain.files import Files, read_folder
from services.blueprint.domain.validation import validate_blueprint, validate_element
from services.blueprint.tests.hostile import HOSTILE
from services.blueprint.validate import Task

_ROOT = Path(__file__).parents[3]
_ELEMENT_SCHEMA = json.loads((_ROOT / "elements/element.schema.json").read_text())
_SCHEMA = json.loads((_ROOT / "blueprints/blueprint.schema.json").read_text())
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def elements() -> Elements:
    found = [element_of(read_folder(path.parent)) for path in (_ROOT / "elements").glob("*/element.yaml")]
    return {item.name: {item.version: item} for item in found}


@pytest.fixture
def files() -> Files:
    return read_folder(_ROOT / "blueprints/slurm")


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def findings(files: Files, elements: Elements, path: str, *changes: Change) -> list[tuple[str, int | None, str]]:
    text = files[path].decode()
    for change in changes:
        text = change(text)
    told = validate_blueprint({**files, path: text.encode()}, _SCHEMA, elements)
    return [(item.file, item.line, item.message) for item in told]


@pytest.mark.parametrize("name", ["slurm", "mpi"])
def test_our_own_are_valid(name: str, elements: Elements) -> None:
    assert not [*validate_blueprint(read_folder(_ROOT / "blueprints" / name), _SCHEMA, elements)]


def test_our_own_elements_are_valid() -> None:
    for path in (_ROOT / "elements").glob("*/element.yaml"):
        assert not [*validate_element(read_folder(path.parent), _ELEMENT_SCHEMA)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap("version: 1.0.0", "version: 1.0"), "version: 1.0 is not of type 'string'"),
        (swap("version: 1.0.0", "version: 01.0.0"), "does not match"),
        (
            swap("min_count: 1\n    max_count: 1\n", "min_count: 2\n    max_count: 1\n"),
            "min_count 2 is more than max_count 1",
        ),
        (swap("count: 1\n    min_count: 1", "count: 5\n    min_count: 1"), "The count 5 is not between them."),
        (
            swap("{parameter: compute_count}", "{parameter: partition}"),
            "The parameter partition is a count and no integer",
        ),
        (swap("{parameter: compute_count}", "{parameter: nothing}"), "There is no parameter nothing."),
        (swap("default: main", "default: Main Street"), "The default of partition is refused"),
        (swap("required: [users]", "required: [users, people]"), "There is no parameter people."),
        (swap("required: [users]", "required: [users, partition]"), "is required and has a default"),
        (swap('pattern: "^[a-z][a-z0-9_-]{0,30}$"\n      default', 'pattern: "^[a-z"\n      default'), "is not valid"),
        (swap("type: integer\n", "type: whole\n"), "'whole' is not valid"),
        (swap("type: integer\n", "$ref: http://example.org/s\n      type: integer\n"), "leads elsewhere"),
        (swap("partition: {parameter: partition}", "colour: red"), "The element has no parameter colour."),
        (swap("node_cpus: 2", "node_cpus: two"), "node_cpus: 'two' is not of type 'integer'"),
        (
            swap(
                "roles: [head, compute]\n    values: {users: {parameter: users}}",
                "roles: [tail]\n    values: {users: {parameter: users}}",
            ),
            "There is no role tail.",
        ),
        (swap("kind: ssh\n    role: head", "kind: ssh\n    role: tail"), "There is no role tail."),
        (swap("checks/hostname-everywhere.yaml", "checks/none.yaml"), "There is no file checks/none.yaml."),
        (
            swap("head: infrastructure/head.yaml", "head: infrastructure/none.yaml"),
            "There is no file infrastructure/none.yaml.",
        ),
        (swap("name: mpi-through-slurm", "name: hostname-everywhere"), "is there twice under checks"),
        (swap("name: mpi-through-slurm", "name: munge"), "The check munge has the name of an element."),
        (swap("  - {element: munge,", "  - {element: openmpi,"), "openmpi is put on compute, head twice."),
    ],
)
def test_each_error_of_the_document_has_its_line(
    files: Files, elements: Elements, change: Change, message: str
) -> None:
    told = findings(files, elements, "blueprint.yaml", change)
    hits = [(file, line) for file, line, text in told if message in text]
    assert hits, told
    changed = change(files["blueprint.yaml"].decode()).splitlines()
    assert all(file == "blueprint.yaml" and line is not None and 1 <= line <= len(changed) for file, line in hits)


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        (
            "head",
            swap("type: machine.yaml", "type: OS::Heat::Stack"),
            "The resource type OS::Heat::Stack is not allowed.",
        ),
        ("head", swap("type: machine.yaml", "type: https://example.org/a.yaml"), "from another address"),
        (
            "head",
            swap(
                "type: machine.yaml\n        properties:",
                "type: OS::Heat::ResourceGroup\n        properties:\n          resource_def: {type: OS::Heat::Stack}",
            ),
            "OS::Heat::Stack is not allowed",
        ),
        (
            "head",
            swap("resource_def:\n        type: machine.yaml", "resource_def:\n        kind: machine.yaml"),
            "in plain text, what it is of",
        ),
        (
            "head",
            swap("user_data: {get_param: user_data}", "user_data: {get_file: /etc/passwd}"),
            "get_file is not allowed",
        ),
        (
            "head",
            swap("user_data: {get_param: user_data}", "user_data: {yaql: {expression: 1}}"),
            "yaql is not allowed",
        ),
        ("head", swap("{get_param: image}", "{get_param: picture}"), "there is no picture under parameters"),
        (
            "head",
            swap("{get_attr: [machines, server]}", "{get_attr: [machine, server]}"),
            "there is no machine under resources",
        ),
        (
            "head",
            swap("  metadata:\n    type: json", "  marks:\n    type: json"),
            "no parameter metadata, which it is given",
        ),
        ("head", swap("outputs:\n  servers:", "outputs:\n  hosts:"), "no output servers"),
        ("head", swap("outputs:", "results:"), "HOT has no section results."),
        ("head", swap("heat_template_version: 2021-04-16", "AWSTemplateFormatVersion: 2010-09-09"), "no HOT template"),
        ("shared", swap("  network:\n    type: string", "  net:\n    type: string"), "no parameter network"),
        (
            "machine",
            swap("type: OS::Nova::Server", "type: OS::Nova::Server\n    depends_on: [nothing]"),
            "depends_on: there is no nothing",
        ),
        (
            "machine",
            swap("type: OS::Nova::Server", "type: OS::Heat::None\n    type: OS::Nova::Server"),
            "The key type is there twice.",
        ),
        ("machine", swap("resources:", "resources: [1]\nx:"), "The section resources is no mapping"),
    ],
)
def test_each_error_of_a_template_has_its_line(
    files: Files, elements: Elements, path: str, change: Change, message: str
) -> None:
    name = f"infrastructure/{path}.yaml"
    told = findings(files, elements, name, change)
    hits = [(file, line) for file, line, text in told if message in text]
    assert hits, told
    assert all(file == name and line for file, line in hits)


def test_a_line_is_the_one_of_the_mistake(files: Files, elements: Elements) -> None:
    change = swap("user_data: {get_param: user_data}", "user_data: {get_file: /etc/passwd}")
    (told,) = findings(files, elements, "infrastructure/head.yaml", change)
    lines = change(files["infrastructure/head.yaml"].decode()).splitlines()
    assert "get_file" in lines[(told[1] or 0) - 1]


def test_errors_in_several_files_are_told_at_once(files: Files, elements: Elements) -> None:
    broken = {**files, "infrastructure/head.yaml": b"resources: [", "infrastructure/shared.yaml": b"a: b"}
    told = findings(broken, elements, "blueprint.yaml", swap("name: slurm", "name: Slurm"))
    assert {file for file, _, _ in told} == {"blueprint.yaml", "infrastructure/head.yaml", "infrastructure/shared.yaml"}


def test_examples_are_held_to_their_names(files: Files, elements: Elements) -> None:
    examples = {"examples/good.yaml": b"users: 3\n", "examples/invalid-none.yaml": files["examples/smallest.yaml"]}
    told = validate_blueprint({**files, **examples}, _SCHEMA, elements)
    assert {(item.file, item.line) for item in told} == {("examples/good.yaml", 1), ("examples/invalid-none.yaml", 1)}


def test_an_element_without_its_playbooks_is_not_valid() -> None:
    files = read_folder(_ROOT / "elements/munge")
    del files["revert.yaml"]
    assert [item.message for item in validate_element(files, _ELEMENT_SCHEMA)] == ["There is no revert.yaml."]


def test_a_pattern_that_would_never_end_is_no_danger(files: Files, elements: Elements) -> None:
    document = files["blueprint.yaml"].decode()
    change = swap('pattern: "^[a-z][a-z0-9_-]{0,30}$"\n      default: main', 'pattern: "^(a+)+$"\n      default: main')
    text = change(document).replace("default: main", "default: " + "a" * 5000 + "!")
    told = validate_blueprint({**files, "blueprint.yaml": text.encode()}, _SCHEMA, elements)
    assert any("The default of partition is refused" in item.message for item in told)


async def test_what_takes_too_much_is_given_up() -> None:
    validation = BoundedValidation()
    texts = HOSTILE["number-of-sixties"].texts
    try:
        short = await validation.run(Task(kind="blueprint", schema=_SCHEMA, texts=texts, cpu_seconds=0.005))
        small = await validation.run(Task(kind="blueprint", schema=_SCHEMA, texts=texts, memory_bytes=1 << 20))
        again = await validation.run(Task(kind="blueprint", schema=_SCHEMA, texts={"blueprint.yaml": "a: 1"}))
    finally:
        await validation.close()
    assert "more than 0.005 s" in short.findings[0].message
    assert "more than 1 MB" in small.findings[0].message
    assert again.findings and "given up" not in again.findings[0].message
