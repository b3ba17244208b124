"""renderkit doctor: list the available renderers, and what to install if something is missing."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from renderkit.cli import EXIT_NO_RENDERER
from renderkit.errors import ContextError

_PYRENDER_HINT = "pip install 'renderkit[pyrender]'"


def doctor(
    warm: Annotated[
        bool, typer.Option("--warm", help="Compile the CPU kernels now and store them in the user's cache folder.")
    ] = False,
) -> None:
    """List EGL devices, renderers and package versions, and what to install if something is missing."""
    if warm:
        _warm()
        return
    _print_packages()
    _print_devices()
    if not _print_choice():
        raise typer.Exit(EXIT_NO_RENDERER)


def _warm() -> None:
    """Compile every kernel, or read it from the cache, and say where it is kept.

    Raises:
        ContextError: If there is no compiler.
    """
    from renderkit.compiled import cache_folder
    from renderkit.pipeline.warm import warm_all

    started = time.perf_counter()
    warm_all()
    folder = cache_folder()
    kept = "not kept: no private cache folder can be written" if folder is None else f"kept in {folder}"
    typer.echo(f"kernels ready after {time.perf_counter() - started:.1f} s, {kept}")


def _print_packages() -> None:
    from importlib import metadata

    from renderkit.results.provenance import package_versions

    versions = package_versions()
    try:
        versions["pyrender"] = metadata.version("pyrender")
    except metadata.PackageNotFoundError:
        versions["pyrender"] = f"not installed (only for its own scenes): {_PYRENDER_HINT}"
    width = max(map(len, versions))
    for name, version in versions.items():
        typer.echo(f"{name.ljust(width)}  {version}")


def _print_devices() -> None:
    from renderkit.render.egl.context import list_devices

    try:
        devices = list_devices()
    except ContextError as error:
        typer.echo(f"\nEGL: {error}")
        return
    typer.echo("\nEGL devices:")
    for device in devices:
        kind = "hardware" if device.hardware else "software"
        state = f"{device.name}, OpenGL {device.version}" if not device.problem else f"not usable: {device.problem}"
        node = f" ({device.drm_path})" if device.drm_path else ""
        typer.echo(f"  --device {device.index}: {kind}{node}: {state}")


def _print_choice() -> bool:
    """Print what each choice of --renderer selects, and return whether the default one works."""
    from renderkit.render.choose import make_renderer

    works = False
    typer.echo("")
    for choice in ("egl", "cpu", "auto"):
        try:
            with make_renderer(choice) as renderer:
                info = renderer.info
        except ContextError as error:
            typer.echo(f"--renderer {choice}: not available: {error}")
            continue
        works = works or choice == "auto"
        typer.echo(
            f"--renderer {choice}: {info.device} ({info.version}), {'hardware' if info.hardware else 'software'}"
        )
    return works
