"""What `attack.py` mutates: one small file of every type that renderkit opens, with the command that opens it."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from renderkit.formats.registry import find_format, formats
from renderkit.formats.rig_writing import write_rig
from renderkit.geometry.camera import Camera
from renderkit.geometry.pose import Pose
from renderkit.geometry.rig import Rig

SELECTED = "--renderer", "cpu", "--workers", "1", "--no-checks", "--no-sanity"
_SHORT_FORMATS = ("rig", "colmap", "colmap-bin", "opencv", "kalibr", "nerfstudio", "metashape", "krt", "opensfm")
Run = Callable[[list[str]], int]


@dataclass(frozen=True)
class Target:
    """A file and what opens it.

    Attributes:
        name: What the table calls it.
        folder: Folder of the corpus that each case gets a copy of.
        victim: The file in it that is mutated.
        command: The command line; {in} is the copied folder, {out} the folder that may be written.
        checked: Whether the file has checksums, so that damage must not pass in silence.
    """

    name: str
    folder: str
    victim: str
    command: tuple[str, ...]
    checked: bool = False


def build_corpus(root: Path, run: Run, *, short: bool = False) -> list[Target]:
    """Write the corpus with renderkit itself and return its targets; the short one needs no renderer."""
    if short:
        return [*_small_files(root), *_rigs(root, run, root / "small" / "rig.json", _SHORT_FORMATS)]
    captures = list(_captures(root, run))
    smc = next(iter(sorted((root / "renderme360").glob("*anno.smc"))))
    targets = [*captures, *_rigs(root, run, smc, formats()), *_rigs_only_read(root)]
    return [*targets, *_flame_models(root), *_pictures(root), *_meshes(root), *_small_files(root), *_runs(root, run)]


def _done(code: int, what: str) -> None:
    if code:
        raise RuntimeError(f"the corpus cannot be built: {what} ended with {code}")


def _captures(root: Path, run: Run) -> Iterator[Target]:
    for like in ("renderme360", "facescape"):
        folder = root / like
        arguments = ["--cameras", "3", "--size", "96x80", "--faces", "2000", "--like", like]
        _done(run(["synth", str(folder), *arguments]), "synth")
        for file in sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "truth.json"):
            victim = str(file.relative_to(folder))
            capture = "{in}" if like == "renderme360" else "{in}/" + str(_tuple_folder(folder).relative_to(folder))
            yield Target(f"{like} {file.suffix[1:]}", like, victim, ("inspect", capture, "--no-checks"))
            command: tuple[str, ...] = ("validate", capture, *SELECTED, "--out", "{out}/run")
            if like == "facescape":
                # Without mattes nothing is measured, which is exit code 2 for a whole capture, too.
                command = ("overlay", capture, "--renderer", "cpu", "--out", "{out}/run")
            yield Target(f"{like} {file.suffix[1:]}", like, victim, command)


def _flame_models(root: Path) -> Iterator[Target]:
    """Pickles of FLAME's faces beside a capture that needs them."""
    folder = root / "flame"
    shutil.copytree(root / "renderme360", folder)
    with np.load(folder / "flame_topology.npz") as stored:
        faces = next(stored[name] for name in stored.files if stored[name].ndim == 2)
    vertices = np.zeros((int(faces.max()) + 1, 3))
    model = {"v_template": vertices, "f": faces.astype(np.uint32), "shapedirs": np.zeros((len(vertices), 3, 2))}
    for protocol in (0, 2, 4):
        file = f"flame{protocol}.pkl"
        (folder / file).write_bytes(pickle.dumps(model, protocol=protocol))
        command = ("inspect", "{in}", "--no-checks", "--flame", f"{{in}}/{file}")
        yield Target("FLAME pkl", "flame", file, command)


def _tuple_folder(folder: Path) -> Path:
    return next(iter(sorted(folder.rglob("params.json")))).parent


def _rigs(root: Path, run: Run, source: Path, names: Iterable[str]) -> Iterator[Target]:
    for name in names:
        if find_format(name).write is None or name == "renderme360":
            continue
        folder = root / f"rig-{name}"
        folder.mkdir()
        if run(["convert", str(source), str(folder / "rig"), "--to", name, "--approximate"]) != 0:
            shutil.rmtree(folder)
            continue
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            victim = str(file.relative_to(folder))
            yield Target(f"cameras {name}", folder.name, victim, ("inspect", "{in}/rig"))
            yield Target(f"cameras {name}", folder.name, victim, ("convert", "{in}/rig", "{out}/c.json", "--to", "rig"))


def _rigs_only_read(root: Path) -> Iterator[Target]:
    """Files of formats that renderkit reads and does not write."""
    from bench_rigs import GENERATED, SIZE, ring

    size = ("--size", f"{SIZE[0]}x{SIZE[1]}")
    for name, write in GENERATED.items():
        folder = root / f"rig-{name}"
        folder.mkdir()
        opened = "{in}/" + write(ring(3), folder).name
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            victim = str(file.relative_to(folder))
            # Only the format that states no size takes one.
            given = size if name == "bundler" else ()
            convert = ("convert", opened, "{out}/c.json", "--to", "rig", *given)
            yield Target(f"cameras {name}", folder.name, victim, ("inspect", opened, *given))
            yield Target(f"cameras {name}", folder.name, victim, convert)


def _pictures(root: Path) -> Iterator[Target]:
    folder = root / "pictures"
    folder.mkdir()
    _write_scene(folder)
    rng = np.random.default_rng(0)
    photo = cv2.GaussianBlur(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), (5, 5), 2.0)
    matte = np.zeros((48, 64), np.uint8)
    cv2.circle(matte, (32, 24), 15, 255, -1)
    for suffix in ("png", "jpg", "tiff", "webp"):
        cv2.imwrite(str(folder / f"a.{suffix}"), photo)
        cv2.imwrite(str(folder / f"matte.{suffix}"), matte)
        base = ("validate", "--rig", "{in}/rig.json", "--mesh", "{in}/m.ply", *SELECTED, "--out", "{out}/run")
        images = ("--images", f"{{in}}/{{camera}}.{suffix}", "--masks", "{in}/matte.png")
        yield Target(f"picture {suffix}", "pictures", f"a.{suffix}", (*base, *images), suffix == "png")
        mattes = (*base, "--images", "{in}/{camera}.png", "--masks", f"{{in}}/matte.{suffix}")
        yield Target(f"matte {suffix}", "pictures", f"matte.{suffix}", mattes, suffix == "png")


def _write_scene(folder: Path) -> None:
    pose = Pose(np.eye(3), np.array([0.0, 0.0, 3.0]))
    camera = Camera.from_opencv(
        [[60.0, 0.0, 31.5], [0.0, 60.0, 23.5], [0.0, 0.0, 1.0]], [0.01, 0, 0, 0], pose, (64, 48), "a"
    )
    write_rig(Rig({"a": camera}, "m"), folder / "rig.json", format="rig")
    _write_ply(folder / "m.ply")


def _ball() -> tuple[np.ndarray, np.ndarray]:
    import trimesh

    ball = trimesh.creation.icosphere(2, 0.6)
    return np.asarray(ball.vertices), np.asarray(ball.faces)


def _write_ply(path: Path) -> None:
    vertices, faces = _ball()
    head = (
        f"ply\nformat ascii 1.0\nelement vertex {len(vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
    )
    head += f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    rows = [" ".join(f"{value:.6f}" for value in row) for row in vertices] + [f"3 {a} {b} {c}" for a, b, c in faces]
    path.write_text(head + "\n".join(rows) + "\n")


def _meshes(root: Path) -> Iterator[Target]:
    import trimesh

    folder = root / "meshes"
    folder.mkdir()
    _write_scene(folder)
    vertices, faces = _ball()
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    for suffix in ("glb", "stl", "off"):
        mesh.export(folder / f"b.{suffix}")
    mesh.export(folder / "binary.ply")
    _write_textured_obj(folder, vertices, faces)
    cv2.imwrite(str(folder / "a.png"), np.full((48, 64, 3), 90, np.uint8))
    for victim, used in (
        ("m.ply", "m.ply"), ("binary.ply", "binary.ply"), ("b.glb", "b.glb"), ("b.stl", "b.stl"), ("b.off", "b.off"),
        ("t.obj", "t.obj"), ("t.mtl", "t.obj"), ("t.png", "t.obj"),
    ):  # fmt: skip
        command = ("render", "--rig", "{in}/rig.json", "--images", "{in}/{camera}.png", "--mesh", f"{{in}}/{used}")
        yield Target(
            f"mesh {victim.rsplit('.', 1)[1]}", "meshes", victim, (*command, "--renderer", "cpu", "--out", "{out}/r")
        )


def _write_textured_obj(folder: Path, vertices: np.ndarray, faces: np.ndarray) -> None:
    lines = ["mtllib t.mtl", "usemtl skin", *(f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices)]
    lines += [f"vt {x:.4f} {y:.4f}" for x, y, _ in 0.5 + 0.5 * vertices]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in faces + 1]
    (folder / "t.obj").write_text("\n".join(lines) + "\n")
    (folder / "t.mtl").write_text("newmtl skin\nKd 0.8 0.7 0.6\nmap_Kd t.png\n")
    cv2.imwrite(str(folder / "t.png"), np.full((8, 8, 3), 128, np.uint8))


def _small_files(root: Path) -> Iterator[Target]:
    folder = root / "small"
    folder.mkdir()
    _write_scene(folder)
    cv2.imwrite(str(folder / "a.png"), np.full((48, 64, 3), 90, np.uint8))
    base = ("inspect", "--rig", "{in}/rig.json", "--images", "{in}/{camera}.png", "--no-checks")
    points = np.random.default_rng(1).uniform(5, 40, (68, 2))
    (folder / "a.csv").write_text("x,y\n" + "".join(f"{x:.2f},{y:.2f}\n" for x, y in points))
    (folder / "a.txt").write_text("".join(f"{x:.2f} {y:.2f}\n" for x, y in points))
    pts = "version: 1\nn_points: 68\n{\n" + "".join(f"{x:.2f} {y:.2f}\n" for x, y in points) + "}\n"
    (folder / "a.pts").write_text(pts)
    keypoints = {"people": [{"face_keypoints_2d": [value for x, y in points for value in (x, y, 0.9)]}]}
    (folder / "a_keypoints.json").write_text(json.dumps(keypoints))
    np.save(folder / "a.npy", points)
    np.savez(folder / "a.npz", landmarks=points)
    parts = "".join(f'<part name="{i:02d}" x="{x:.0f}" y="{y:.0f}"/>' for i, (x, y) in enumerate(points))
    box = f'<box top="0" left="0" width="9" height="9">{parts}</box>'
    (folder / "a.xml").write_text(f'<dataset><images><image file="a.png">{box}</image></images></dataset>')
    for file in ("a.csv", "a.txt", "a.pts", "a_keypoints.json", "a.npy", "a.npz", "a.xml"):
        yield Target(f"landmarks {file.rsplit('.', 1)[1]}", "small", file, (*base, "--landmarks", f"{{in}}/{file}"))
    (folder / "capture.toml").write_text(
        'format = "renderkit-capture"\nversion = 1\ncameras = "rig.json"\nimages = "{camera}.png"\nmesh = "m.ply"\n'
    )
    yield Target("capture.toml", "small", "capture.toml", ("inspect", "{in}/capture.toml", "--no-checks"))


def _runs(root: Path, run: Run) -> Iterator[Target]:
    folder = root / "runs"
    folder.mkdir()
    command = ["validate", str(root / "renderme360"), *SELECTED, "--out"]
    for name in ("one", "two"):
        code = run([*command, str(folder / name)])
        if code not in (0, 1):
            _done(code, "validate")
    (folder / "renderkit.toml").write_text(
        '[groups]\nfront = ["*"]\n\n[[gates]]\nname = "overlap"\ncheck = "iou >= 0.5"\ncameras = ["front"]\n'
        'coverage = "2 of 3"\nallowed_failures = 1\n'
    )
    gate = ("gate", "{in}/one", "--gate", "iou >= 0.5")
    yield Target("run report.json", "runs", "one/report.json", gate)
    yield Target("run report.json", "runs", "one/report.json", ("report", "{in}/one"))
    yield Target(
        "run report.json", "runs", "one/report.json", ("compare", "{in}/one", "{in}/two", "--out", "{out}/c.html")
    )
    for file in sorted(folder.glob("one/*")):
        if file.is_file() and file.suffix in {".json", ".npz", ".glb"}:
            yield Target(f"run {file.name}", "runs", f"one/{file.name}", ("export-gltf", "{in}/one", "{out}/x.glb"))
    yield Target("renderkit.toml", "runs", "renderkit.toml", (*gate[:2], "--config", "{in}/renderkit.toml"))
