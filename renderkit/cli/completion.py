"""Completion of commands, options and files by the shell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

import click

from renderkit.cli.command import together
from renderkit.system import environment

_NAME: Final = "renderkit"
_ASKED: Final = "_RENDERKIT_COMPLETE"
"""The variable in which the shell's script says what it wants to know."""

_PLACES: Final[Mapping[str, tuple[str, str, str]]] = {
    "bash": (".bash_completions/renderkit.sh", ".bashrc", "source '{home}/.bash_completions/renderkit.sh'"),
    "zsh": (".zfunc/_renderkit", ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
    "fish": (".config/fish/completions/renderkit.fish", "", ""),
}
"""By shell, in the home: its script, and the file with the line that loads it where the shell does not by itself."""


def answer_shell(app: click.Command) -> int | None:
    """Answer the script of the shell that asks for completions; returns the exit code, or None if none asks."""
    asked = environment(_ASKED)
    if not asked:
        return None
    from click.shell_completion import shell_complete

    return shell_complete(app, {}, _NAME, _ASKED, asked)


def _script(context: click.Context, shell: str) -> str:
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    if completion is None or shell not in _PLACES:
        raise click.UsageError(
            f"no completion for the shell {shell!r} of the variable SHELL; there is one for {', '.join(_PLACES)}"
        )
    return completion(context.command, {}, _NAME, _ASKED).source()


def _show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(_script(context, _shell()))
        context.exit()


def _install(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from renderkit.writing import make_folder, write_text

    shell = _shell()
    script = _script(context, shell)
    place, startup, line = _PLACES[shell]
    home = Path.home()
    file = home / place
    make_folder(file.parent)
    write_text(file, script)
    if startup:
        _add_line(home / startup, line.format(home=home))
    click.echo(f"{shell} completion installed in {file}\nCompletion will take effect once you restart the terminal")
    context.exit()


def _shell() -> str:
    return PurePath(environment("SHELL")).name


def _add_line(file: Path, line: str) -> None:
    from renderkit.writing import append_text

    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    if line not in text.splitlines():
        # Often a link into a repository of such files.
        append_text(file.resolve(), f"\n{line}\n")


completion_options = together(
    click.option(
        "--install-completion", is_flag=True, expose_value=False, is_eager=True, callback=_install,
        help="Install completion for the current shell.",
    ),
    click.option(
        "--show-completion", is_flag=True, expose_value=False, is_eager=True, callback=_show,
        help="Show completion for the current shell, to copy it or customize the installation.",
    ),
)  # fmt: skip
