"""renderkit doctor: list the available renderers, and what to install if something is missing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict

import click
from click.exceptions import Exit

from renderkit.cli.arguments import RENDERERS
from renderkit.cli.command import command
from renderkit.cli.command_log import log_options
from renderkit.cli.exit_codes import EXIT_NO_RENDERER
from renderkit.cli.tables import json_option, print_json, say
from renderkit.errors import ContextError

_PYRENDER_HINT = "pip install 'renderkit[pyrender]'"


@command()
@click.option(
    "--warm", is_flag=True, help="Compile the CPU kernels for this processor and store them in the user's cache folder."
)
@json_option
@log_options
def doctor(warm: bool, as_json: bool) -> None:
    """List EGL devices, renderers and package versions, and what to install if something is missing."""
    if warm:
        _warm(as_json=as_json)
        return
    versions, devices, choices = _packages(), _devices(), _choices()
    if as_json:
        print_json({"packages": versions, "devices": devices, "renderers": choices})
    else:
        _print_packages(versions)
        _print_devices(devices)
        _print_choices(choices)
    if "problem" in choices["auto"]:
        raise Exit(EXIT_NO_RENDERER)


def _warm(*, as_json: bool) -> None:
    """Compile every kernel for this processor, or read it from the cache, and say where it is kept.

    Raises:
        ContextError: If there is no compiler.
    """
    from renderkit.compiled import cache_folder, compile_for_this_processor
    from renderkit.pipeline.warm import warm_all

    started = time.perf_counter()
    compile_for_this_processor()
    warm_all()
    folder, seconds = cache_folder(), time.perf_counter() - started
    if as_json:
        print_json({"seconds": round(seconds, 1), "stored_in": None if folder is None else str(folder)})
        return
    kept = "not stored: no private cache folder can be written" if folder is None else f"stored in {folder}"
    say(f"kernels ready after {seconds:.1f} s, {kept}")


def _packages() -> dict[str, str]:
    from importlib import metadata

    from renderkit.results.provenance import package_versions

    versions = package_versions()
    try:
        versions["pyrender"] = metadata.version("pyrender")
    except metadata.PackageNotFoundError:
        versions["pyrender"] = f"not installed (only for its own scenes): {_PYRENDER_HINT}"
    return versions


def _print_packages(versions: Mapping[str, str]) -> None:
    width = max(map(len, versions))
    for name, version in versions.items():
        say(f"{name.ljust(width)}  {version}")


def _devices() -> list[dict[str, object]] | str:
    """Return every EGL device, or why there is no EGL."""
    from renderkit.renderers.egl.context import list_devices

    try:
        return [asdict(device) for device in list_devices()]
    except ContextError as error:
        return str(error)


def _print_devices(devices: list[dict[str, object]] | str) -> None:
    if isinstance(devices, str):
        say(f"\nEGL: {devices}")
        return
    say("\nEGL devices:")
    for device in devices:
        kind = "hardware" if device["hardware"] else "software"
        problem = device["problem"]
        state = f"not usable: {problem}" if problem else f"{device['name']}, OpenGL {device['version']}"
        node = f" ({device['drm_path']})" if device["drm_path"] else ""
        say(f"  --device {device['index']}: {kind}{node}: {state}")


def _choices() -> dict[str, dict[str, object]]:
    """Return what each choice of --renderer takes, or what keeps it from drawing."""
    from renderkit.renderers.choose import make_renderer

    found: dict[str, dict[str, object]] = {}
    for choice in RENDERERS:
        try:
            with make_renderer(choice) as renderer:
                found[choice] = asdict(renderer.info)
        except ContextError as error:
            found[choice] = {"problem": str(error)}
    return found


def _print_choices(choices: Mapping[str, Mapping[str, object]]) -> None:
    say("")
    for name, info in choices.items():
        if "problem" in info:
            say(f"--renderer {name}: not available: {info['problem']}")
            continue
        where = "hardware" if info["hardware"] else "software"
        device, version = str(info["device"]), str(info["version"])
        stated = "" if version in device else f" ({version})"
        say(f"--renderer {name}: {device}{stated}, {where}")
