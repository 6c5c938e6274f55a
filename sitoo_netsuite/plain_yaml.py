"""YAML as people mean it: refuses what YAML would read otherwise than it looks, each by its place and the mend.

Belongs here: the text of a file people write by hand, as plain data. Does not belong here: what the settings mean
(`estate`).

YAML 1.1 reads 0123 as 83 and 10:30 as 630, keeps the last of two entries of one name without a word, and can be nested
until its parser falls over. Whatever of that kind stands in the file is found in one pass over its events, before
anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

_LARGEST_BYTES = 1_000_000
_DEEPEST = 20
_MERGE = "<<"
# What YAML 1.1 takes for a number, and what everybody does.
_NUMBER_TO_YAML = re.compile(
    r"[-+]?(0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*(:[0-5]?[0-9])*|[0-9][0-9_]*(:[0-5]?[0-9])*\.[0-9_]*)"
)
_NUMBER_TO_ALL = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DATE_TO_YAML = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")


class PlainYamlError(ValueError):
    """The text cannot be used. `findings` holds one line per mistake: where, what, the mend."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def read_plain_yaml(content: bytes) -> Any:
    """The data of a file's bytes; None when there is nothing in it. Raises PlainYamlError with every mistake found."""
    if len(content) > _LARGEST_BYTES:
        raise PlainYamlError(
            [f"is {len(content) / 1e6:.1f} MB; such a file is a few pages of text, look at what it is"]
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlainYamlError([f"line {line}: is not UTF-8; save the file as UTF-8"]) from None
    try:
        findings = list(_mistakes(text))
        if findings:
            raise PlainYamlError(findings)
        # In C: a run reads the file once a step.
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        # Its position is in the text, and nothing else of it is for people.
        line = text.count("\n", 0, error.position) + 1
        raise PlainYamlError([f"line {line}: holds a control character; remove it"]) from None
    except yaml.MarkedYAMLError as error:
        raise PlainYamlError([_syntax(error, text)]) from None


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return f"is not YAML: {error.problem}"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    tab = "; YAML takes no tabs for indentation, use spaces" if "\t" in line[: len(line) - len(line.lstrip())] else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: is not YAML: {error.problem}{tab}"


@dataclass
class _Frame:
    """A mapping or list that is being read. `key`: the name whose value comes next, None where a name comes next."""

    path: str
    is_mapping: bool
    anchor: str | None
    names: set[str] = field(default_factory=set)
    key: str | None = None
    entries: int = 0

    def path_of_next(self) -> str:
        if not self.is_mapping:
            return f"{self.path}[{self.entries}]"
        return f"{self.path}.{self.key}".lstrip(".") if self.key is not None else self.path

    def has_read_value(self) -> None:
        self.key = None
        self.entries += 1


def _mistakes(text: str) -> Iterator[str]:
    """What YAML would read otherwise than it looks. Raises yaml.YAMLError where the text is no YAML."""
    frames: list[_Frame] = []
    documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield f"line {line}: a second document begins; one file holds one"
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            frames.pop()
            if frames:
                frames[-1].has_read_value()
        elif isinstance(event, yaml.NodeEvent):
            parent = frames[-1] if frames else None
            path = parent.path_of_next() if parent else ""
            where = f"{path} (line {line})".lstrip()
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
                yield f"{where}: has the YAML tag {event.tag}; remove it, text goes in quotes"
            is_name = parent is not None and parent.is_mapping and parent.key is None
            if isinstance(event, yaml.CollectionStartEvent):
                if is_name:
                    yield f"{where}: a name must be text; quote or remove it"
                    return
                if len(frames) == _DEEPEST:
                    yield f"{where}: is nested more than {_DEEPEST} deep; nothing here is"
                    return
                frames.append(_Frame(path, isinstance(event, yaml.MappingStartEvent), event.anchor))
                continue
            if isinstance(event, yaml.AliasEvent) and event.anchor in {frame.anchor for frame in frames}:
                yield f"{where}: refers to itself by *{event.anchor}; write it out"
            if parent is None:
                continue
            if is_name:
                yield from _as_name(event, parent, line)
            else:
                if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                    yield from _as_value(event.value, where)
                parent.has_read_value()


def _as_name(event: yaml.NodeEvent, parent: _Frame, line: int) -> Iterator[str]:
    name = event.value if isinstance(event, yaml.ScalarEvent) else f"*{event.anchor}"
    where = f"{f'{parent.path}.{name}'.lstrip('.')} (line {line})"
    if name == _MERGE:
        yield f"{where}: merging entries is not supported; write them out"
    elif name in parent.names:
        yield f"{where}: stands there twice, and only the last would count; keep one"
    parent.names.add(name)
    parent.key = name


def _as_value(value: str, where: str) -> Iterator[str]:
    """A plain (unquoted) value that is not to YAML what it looks like."""
    if _NUMBER_TO_YAML.fullmatch(value) and not _NUMBER_TO_ALL.fullmatch(value):
        yield f'{where}: {value} is another number to YAML; write it in quotes, as "{value}"'
    elif _DATE_TO_YAML.fullmatch(value) and not _is_date(value):
        yield f"{where}: {value} is not a date; write one as 2026-03-02"


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
