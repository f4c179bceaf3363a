"""Every example in the help texts is a command line that the program understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from imsearch.cli.root import root


def commands(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None, name
            yield from commands(each, click.Context(each, context, name))


def examples() -> list[str]:
    """The lines of all epilogs that call the program, without what is piped and without remarks."""
    texts = [re.sub(r"\\\n\s*", "", command.epilog or "") for command in commands(root, click.Context(root))]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return sorted({re.split(r"\s{2,}|\s\|\s", line)[0] for line in lines if line.startswith("imsearch ")})


def parse(command: click.Command, name: str, arguments: list[str], parent: click.Context | None = None) -> None:
    """Read a command line down to its last command, without running it; raises `click.UsageError`."""
    context = command.make_context(name, arguments, parent)
    left = [*context._protected_args, *context.args]
    if isinstance(command, click.Group) and (left or not command.invoke_without_command):
        name, found, rest = command.resolve_command(context, left)  # type: ignore[assignment]
        assert found is not None
        parse(found, name, rest, context)


def test_there_are_examples() -> None:
    assert len(examples()) > 20


@pytest.mark.parametrize("example", examples())
def test_an_example_is_understood(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "everyday").mkdir(parents=True)
    (tmp_path / "runs" / "everyday" / "weights.safetensors").touch()
    parse(root, "imsearch", shlex.split(example)[1:])
