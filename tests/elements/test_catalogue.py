"""Every element and blueprint of the tree keeps its format, fits the others and explains itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = sorted(path.parent for path in ROOT.glob("elements/*/element.yaml"))
BLUEPRINTS = sorted(path.parent for path in ROOT.glob("blueprints/*/blueprint.yaml"))
EXAMPLES = sorted(ROOT.glob("blueprints/*/examples/*.yaml"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def validator(path: str) -> Draft202012Validator:
    schema = json.loads((ROOT / path).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]


def undescribed(schema: Any, path: str = "") -> list[str]:
    """Properties of a schema, at any depth, that nobody has described."""
    if not isinstance(schema, dict):
        return []
    named = {name: inner for word in ("properties", "$defs") for name, inner in schema.get(word, {}).items()}
    within = [schema.get("items"), schema.get("additionalProperties"), *schema.get("oneOf", [])]
    found = [f"{path}/{name}" for name, inner in schema.get("properties", {}).items() if "description" not in inner]
    found += [deeper for name, inner in named.items() for deeper in undescribed(inner, f"{path}/{name}")]
    return found + [deeper for inner in within for deeper in undescribed(inner, path)]


def stand_ins(parameters: dict[str, Any], value: Any) -> Any:
    """`value` with each {parameter: x} replaced by an example of x, and the names of unknown parameters raised."""
    if isinstance(value, dict) and set(value) == {"parameter"}:
        return parameters[value["parameter"]]
    if isinstance(value, dict):
        return {name: stand_ins(parameters, inner) for name, inner in value.items()}
    return value


def test_there_is_something_to_test() -> None:
    assert len(ELEMENTS) >= 10
    assert {path.name for path in BLUEPRINTS} >= {"slurm", "mpi"}


@pytest.mark.parametrize("schema", ["elements/element.schema.json", "blueprints/blueprint.schema.json"])
def test_formats_describe_each_property(schema: str) -> None:
    assert undescribed(json.loads((ROOT / schema).read_text())) == []


@pytest.mark.parametrize("folder", ELEMENTS, ids=lambda path: path.name)
def test_element_keeps_its_format(folder: Path) -> None:
    element = load(folder / "element.yaml")
    assert [error.message for error in validator("elements/element.schema.json").iter_errors(element)] == []
    assert element["name"] == folder.name
    assert folder.name in element["provides"]
    Draft202012Validator.check_schema(element["parameters"])
    for name in ("README.md", "apply.yaml", "verify.yaml", "revert.yaml"):
        assert (folder / name).is_file(), f"{folder.name} has no {name}"


@pytest.mark.parametrize("folder", ELEMENTS, ids=lambda path: path.name)
def test_playbooks_go_to_the_hosts_they_are_given(folder: Path) -> None:
    for phase in ("apply", "verify", "revert"):
        for play in load(folder / f"{phase}.yaml"):
            assert play["hosts"] == "{{ element_hosts }}"
            assert play["gather_facts"] is False


@pytest.mark.parametrize("folder", BLUEPRINTS, ids=lambda path: path.name)
def test_blueprint_keeps_its_format(folder: Path) -> None:
    blueprint = load(folder / "blueprint.yaml")
    assert [error.message for error in validator("blueprints/blueprint.schema.json").iter_errors(blueprint)] == []
    assert blueprint["name"] == folder.name
    infrastructure = blueprint["infrastructure"]
    files = [infrastructure["shared"], *infrastructure["roles"].values(), *infrastructure.get("files", [])]
    for name in [*files, *(check["playbook"] for check in blueprint["checks"]), "README.md"]:
        assert (folder / name).is_file(), f"{folder.name} has no {name}"
    assert set(infrastructure["roles"]) == {role["name"] for role in blueprint["roles"]}


@pytest.mark.parametrize("folder", BLUEPRINTS, ids=lambda path: path.name)
def test_elements_of_a_blueprint_find_what_they_require_and_get_what_they_ask_for(folder: Path) -> None:
    blueprint = load(folder / "blueprint.yaml")
    example = load(folder / "examples" / "two-users.yaml")
    defaults = {n: p["default"] for n, p in blueprint["parameters"]["properties"].items() if "default" in p}
    provided: set[str] = set()
    for use in blueprint["elements"]:
        element = load(ROOT / "elements" / use["element"] / "element.yaml")
        assert set(element["requires"]) <= provided, f"{use['element']} comes before what it requires"
        assert not set(element["conflicts"]) & provided
        provided |= set(element["provides"])
        given = stand_ins({**defaults, **example}, use["values"])
        assert problems(element["parameters"], given) == [], use["element"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_examples_are_what_their_names_say(path: Path) -> None:
    schema = load(path.parents[1] / "blueprint.yaml")["parameters"]
    found = problems(schema, load(path))
    assert bool(found) == path.stem.startswith("invalid-"), found
