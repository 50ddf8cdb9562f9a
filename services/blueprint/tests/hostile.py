"""What nobody should send: each with the words by which it is refused."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.blueprint.tests.folders import blueprint_texts, packed


@dataclass(frozen=True)
class Hostile:
    """A blueprint's folder as texts, or as an archive; ``words`` are in the errors that it meets with."""

    words: tuple[str, ...]
    texts: dict[str, str] | None = None
    archive: bytes = field(default=b"", repr=False)


def _entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.linkname = kind, size, link
    return entry


def _tar(entries: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _empty_files(count: int) -> bytes:
    return _tar((_entry(f"f{number}"), b"") for number in range(count))


def _links_and_devices() -> bytes:
    kinds = {
        "symbolic": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "character": tarfile.CHRTYPE,
        "block": tarfile.BLKTYPE,
        "fifo": tarfile.FIFOTYPE,
    }
    return _tar((_entry(name, kind, link="/etc/passwd"), b"") for name, kind in kinds.items())


def _declared(size: int) -> bytes:
    return _entry("blueprint.yaml", size=size).tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024


def _sparse() -> bytes:
    """Return an old GNU sparse file that says it has 8 GB and holds nothing (tar's manual, "Extensions")."""
    head = bytearray(_entry("blueprint.yaml", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    head[483:495] = b"77777777777\0"
    total = 256 + sum(head[:148]) + sum(head[156:512])
    head[148:156] = b"%06o\0 " % total
    return bytes(head) + b"\0" * 1024


def _document(change: Callable[[str], str]) -> dict[str, str]:
    texts = blueprint_texts("ours")
    texts["blueprint.yaml"] = change(texts["blueprint.yaml"])
    return texts


def _head(change: Callable[[str], str]) -> dict[str, str]:
    texts = blueprint_texts("ours")
    path = "infrastructure/head.yaml"
    texts[path] = change(texts[path])
    return texts


def _output(text: str) -> dict[str, str]:
    return _head(lambda head: f"{head}  evil:\n    value: {text}\n")


def _parameter(schema: str) -> dict[str, str]:
    head = "  properties:\n"
    more = f"    evil: {{title: x, description: x, x-on-change: none, {schema}}}\n"
    return _document(lambda text: text.replace(head, head + more, 1))


def _raw(**files: bytes) -> bytes:
    texts = {path: text.encode() for path, text in blueprint_texts("ours").items()}
    return _tar((_entry(path), content) for path, content in {**texts, **files}.items())


def _names(*names: str) -> bytes:
    texts = blueprint_texts("ours")
    return packed(texts | dict.fromkeys(names, "x"))


def _doubling(depth: int) -> str:
    """Return definitions, each of which is twice the next one."""
    pairs = [f"d{n}: {{allOf: [{{$ref: '#/$defs/d{n + 1}'}}, {{$ref: '#/$defs/d{n + 1}'}}]}}" for n in range(depth)]
    return "{" + ", ".join([*pairs, f"d{depth}: {{type: string}}"]) + "}"


def _bomb(text: str) -> dict[str, str]:
    return _head(lambda _: text)


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

_DEEP = ("{" + "k" * 490 + ": ") * 30 + "1" + "}" * 30

HOSTILE: dict[str, Hostile] = {
    "aliases": Hostile(("Anchors and aliases are not taken",), _bomb(_LAUGHS)),
    "aliases-in-the-document": Hostile(("Anchors and aliases are not taken",), _document(lambda _: _LAUGHS)),
    "long-document": Hostile(("more than 100000 bytes",), _document(lambda text: text + "#" * 200_000)),
    "deep-flow": Hostile(("deeper than 40",), _bomb("[" * 400_000)),
    "deep-json": Hostile(("deeper than 40",), _bomb('{"a":' * 100_000 + "1" + "}" * 100_000)),
    "deep-block": Hostile(("deeper than 40",), _bomb("".join(" " * n + "a:\n" for n in range(1200)))),
    "many-values": Hostile(("more than 10000 values",), _bomb("a:\n" + "- 1\n" * 240_000)),
    "many-documents": Hostile(("more than 10000 values",), _bomb("---\na: 1\n" * 100_000)),
    "long-file": Hostile(("more than 1000000 bytes",), _bomb("a: " + "x" * 2_000_000)),
    "huge-number": Hostile(("too large",), _bomb("a: " + "9" * 900_000)),
    "number-of-sixties": Hostile(("too large",), _bomb("a: " + ":".join(["59"] * 300_000))),
    "infinite-number": Hostile(("not finite",), _bomb("a: .inf")),
    "huge-key": Hostile(("A key has more than 500 characters",), _bomb("? " + "k" * 900_000 + "\n: 1\n")),
    "long-places": Hostile(("keys are too long",), _bomb("{" + ", ".join(f"a{n}: {_DEEP}" for n in range(60)) + "}")),
    "doubled-keys": Hostile(("is there twice",), _bomb("a: 1\na: 2\n")),
    "numbers-as-keys": Hostile(("is no text",), _bomb("1: 2\n")),
    "lists-as-keys": Hostile(("must be a text",), _bomb("? [a, b]\n: 1\n")),
    "python-tag": Hostile(("is not taken",), _bomb("a: !!python/object/apply:os.system [id]\n")),
    "binary-tag": Hostile(("is not taken",), _bomb("a: !!binary aGVsbG8=\n")),
    "nul-by-escape": Hostile(("control character",), _bomb('a: "\\0"\n')),
    "half-a-character": Hostile(("It is no YAML",), _bomb('a: "\\ud800"\n')),
    "no-date": Hostile(("is a required property",), _document(lambda _: "a: 2024-13-45\n")),
    "get-file": Hostile(("get_file is not allowed",), _output("{get_file: /etc/shadow}")),
    "get-file-by-address": Hostile(("get_file is not allowed",), _output("{get_file: http://127.0.0.1/}")),
    "get-file-nested": Hostile(
        ("get_file is not allowed",),
        _output("{list_join: ['', [{str_replace: {template: {get_file: a}, params: {}}}]]}"),
    ),
    "yaql": Hostile(("yaql is not allowed",), _output("{yaql: {expression: 'range(1000000000)'}}")),
    "type-by-address": Hostile(
        ("from another address",),
        _head(lambda text: text.replace("type: machine.yaml", "type: http://example.org/a.yaml")),
    ),
    "type-by-file": Hostile(
        ("from another address",), _head(lambda text: text.replace("type: machine.yaml", "type: file:///etc/a.yaml"))
    ),
    "type-above": Hostile(
        ("is not allowed",), _head(lambda text: text.replace("type: machine.yaml", "type: ../a.yaml"))
    ),
    "forbidden-types": Hostile(
        ("OS::Heat::Stack is not allowed", "OS::Mistral::Workflow is not allowed"),
        _head(
            lambda text: text.replace(
                "resources:\n",
                "resources:\n  one: {type: 'OS::Heat::Stack'}\n  two: {type: 'OS::Mistral::Workflow'}\n",
            )
        ),
    ),
    "groups-in-groups": Hostile(
        ("deeper than",),
        _head(
            lambda text: text.replace(
                "resources:\n",
                "resources:\n  deep: "
                + "{type: 'OS::Heat::ResourceGroup', properties: {resource_def: " * 9
                + "{type: 'OS::Heat::None'}"
                + "}}" * 9
                + "\n",
            )
        ),
    ),
    "wrong-references": Hostile(
        ("more than 100 errors",),
        _output("[" + ", ".join(f"{{get_param: {'p' * 400}{n}}}" for n in range(2000)) + "]"),
    ),
    "endless-pattern": Hostile(
        ("The default of evil is refused",), _parameter(f"type: string, pattern: '^(a+)+$', default: {'a' * 50_000}!")
    ),
    "pattern-that-looks-ahead": Hostile(("is not valid",), _parameter("type: string, pattern: '(?=a)b'")),
    "pattern-of-patterns": Hostile(("is not valid",), _parameter("type: string, pattern: '((a{900}){900}){900}'")),
    "schema-in-a-circle": Hostile(("leads back to itself",), _parameter("$ref: '#/properties/evil'")),
    "schema-that-doubles": Hostile(
        ("more than 1000 parts",),
        _document(
            lambda text: text.replace("parameters:\n", f"parameters:\n  $defs: {_doubling(40)}\n", 1).replace(
                "    users:\n",
                "    evil: {title: x, description: x, x-on-change: none, $ref: '#/$defs/d0'}\n    users:\n",
                1,
            )
        ),
    ),
    "schema-by-address": Hostile(("leads elsewhere",), _parameter("$ref: 'http://169.254.169.254/'")),
    "huge-version": Hostile(
        ("version",), _document(lambda text: text.replace("1.0.0\nsummary", f"'{'9' * 6000}.0.0'\nsummary"))
    ),
    "paths-that-lead-out": Hostile(
        ("It leads out of the folder",), archive=_tar([(_entry("../../evil"), b"x"), (_entry("/etc/evil"), b"x")])
    ),
    "texts-that-lead-out": Hostile(("It leads out",), blueprint_texts("ours", **{"../evil": "x", "/etc/evil": "x"})),
    "links-and-devices": Hostile(
        ("It is a symbolic link", "It is a hard link", "It is a device", "It is a pipe"), archive=_links_and_devices()
    ),
    "entries": Hostile(("unpacks to more than",), archive=gzip.compress(_empty_files(100_000), 6)),
    "entries-that-fit": Hostile(("more than 1000 entries",), archive=gzip.compress(_empty_files(5_000), 6)),
    "entries-as-texts": Hostile(("There are 501 files",), {f"f{n}": "" for n in range(501)}),
    "gzip-bomb": Hostile(("unpacks to more than",), archive=gzip.compress(b"\0" * 300_000_000, 9)),
    "gzip-in-gzip": Hostile(("no tar archive",), archive=gzip.compress(gzip.compress(b"\0" * 1_000_000))),
    "half-a-gzip": Hostile(("ends too early",), archive=packed(blueprint_texts("ours"))[:200]),
    "declared-size": Hostile(("no tar archive",), archive=_declared(2**62)),
    "negative-size": Hostile(("It says that it has -1 bytes",), archive=_declared(-1)),
    "sparse-file": Hostile(("It is a sparse file",), archive=_sparse()),
    "no-archive": Hostile(("no tar archive",), archive=bytes(range(256)) * 8000),
    "nothing": Hostile(("no tar archive",), archive=b""),
    "not-utf-8": Hostile(("It is not UTF-8",), archive=_raw(**{"README.md": "Größe".encode("latin-1")})),
    "utf-16": Hostile(("It is not UTF-8",), archive=_raw(**{"README.md": "text".encode("utf-16")})),
    "byte-order-mark": Hostile(("byte order mark",), archive=_raw(**{"README.md": b"\xef\xbb\xbftext"})),
    "nul": Hostile(("the character NUL",), archive=_raw(**{"README.md": b"a\0b"})),
    "names": Hostile(
        ("characters that are not taken", "hidden file"),
        archive=_names("größe", "a b", "a\\b", "new\nline", "\u202etxt.exe", ".git/config", "C:evil", "-", "~"),
    ),
    "names-in-other-letters": Hostile(("in other letters",), archive=_names("Checks", "checks")),
    "file-and-folder": Hostile(("It is a file and a folder",), archive=_names("a", "a/b")),
    "twice": Hostile(("It is there twice",), archive=_tar([(_entry("a"), b"1"), (_entry("a"), b"2")])),
    "long-names": Hostile(("Its path is longer",), archive=_names("a" * 100_000, "a/" * 3000 + "b")),
}

_HOT = "heat_template_version: 2021-04-16\nresources:\n"


def _single(text: str) -> dict[str, str]:
    return {"single.yaml": _HOT + text}


HOSTILE |= {
    "single-of-many-servers": Hostile(
        ("each is a role",),
        _single("".join(f"  m{n}: {{type: 'OS::Nova::Server', properties: {{flavor: x}}}}\n" for n in range(900))),
    ),
    "single-of-many-calls": Hostile(
        ("blueprint.yaml, as it is made of this: The file has more than 100000 bytes",),
        _single(
            "  m: {type: 'OS::Nova::Server', properties: {flavor: x, metadata: {a: ["
            + "{get_param: p}, " * 2900
            + "]}}}\nparameters: {p: {type: string, description: "
            + "d" * 100_000
            + "}}\n"
        ),
    ),
    "single-with-deep-json": Hostile(
        ("The default of p is no value of type json",),
        _single(
            "  m: {type: 'OS::Nova::Server', properties: {flavor: x}}\n"
            f"parameters: {{p: {{type: json, default: '{'[' * 200_000}'}}}}\n"
        ),
    ),
    "single-with-a-long-list": Hostile(
        ("The default of p is no value of type comma_delimited_list",),
        _single(
            "  m: {type: 'OS::Nova::Server', properties: {flavor: x}}\n"
            f"parameters: {{p: {{type: comma_delimited_list, default: '{'a,' * 200_000}'}}}}\n"
        ),
    ),
    "single-with-servers-in-groups": Hostile(
        ("deeper than",),
        _single(
            "  m: "
            + "{type: 'OS::Heat::ResourceGroup', properties: {resource_def: " * 15
            + "{type: 'OS::Nova::Server'}"
            + "}}" * 15
            + "\n"
        ),
    ),
    "single-with-file": Hostile(
        ("get_file is not allowed",),
        _single("  m: {type: 'OS::Nova::Server', properties: {flavor: x, user_data: {get_file: /etc/shadow}}}\n"),
    ),
    "single-that-is-no-template": Hostile(("no HOT template",), {"single.yaml": "a: b\n"}),
}

JSON_BODIES: dict[str, bytes] = {
    "deep": b'{"project":"p","files":' + b'{"a":' * 500_000,
    "deep-list": b"[" * 1_000_000,
    "huge-number": b'{"project":"p","files":{"a":' + b"9" * 1_000_000 + b"}}",
    "many-keys": json.dumps({"project": "p", "files": {f"f{n}": "" for n in range(100_000)}}).encode(),
    "half-a-character": b'{"project":"p","files":{"a":"\\ud800"}}',
    "nul": b'{"project":"p","files":{"a":"\\u0000"}}',
    "not-utf-8": b'{"project":"p","files":{"a":"\xff\xfe"}}',
    "no-json": b"\x1f\x8b\x08",
}
