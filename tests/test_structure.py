"""Rules of the code that can be read off its sources."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest

import renderkit

PACKAGE: Final = Path(renderkit.__file__).parent
ROOT: Final = Path(__file__).parent.parent
MAX_FILE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60

Tree: TypeAlias = ast.Module
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _module_of(path: Path) -> str:
    parts = ("renderkit", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES: Final = {_module_of(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
TREES: Final = {name: ast.parse(text) for name, text in SOURCES.items()}
PACKAGES: Final = {_module_of(path) for path in PACKAGE.rglob("__init__.py")}


def test_no_file_is_longer_than_400_lines() -> None:
    long = {name: text.count("\n") for name, text in SOURCES.items() if text.count("\n") > MAX_FILE_LINES}
    assert long == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{name}.{function.name}": lines
        for name, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, Function) and (lines := _num_lines(function)) > MAX_FUNCTION_LINES
    }
    assert long == {}


def _num_lines(node: Function) -> int:
    """Return the lines of a function without its docstring."""
    first = node.body[0]
    told = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if told else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_nothing_prints() -> None:
    assert _modules_where(lambda node: isinstance(node, ast.Call) and ast.unparse(node.func) == "print") == set()


def test_the_environment_and_the_system_are_asked_in_one_place() -> None:
    names = {
        "os.environ", "os.getenv", "os.putenv", "os.sched_getaffinity", "os.cpu_count", "os.getuid", "os.geteuid",
        "os.getgid", "os.uname", "os.O_NOFOLLOW", "os.O_DIRECTORY", "sys.platform", "os.name", "platform.system",
        "multiprocessing.cpu_count",
    }  # fmt: skip
    modules = {"fcntl", "resource", "pwd", "grp", "termios", "signal", "winreg", "msvcrt"}
    asked = _modules_where(lambda node: isinstance(node, ast.Attribute) and ast.unparse(node) in names)
    asked |= {name for name, tree in TREES.items() if modules & {top.partition(".")[0] for top in _imports(tree, name)}}
    asked |= _modules_where(
        lambda node: (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(("/dev/shm", "/proc/", "/sys/"))  # noqa: S108 - looked for, not used
        )
    )
    assert asked == {"renderkit.system"}


def _modules_where(found: object) -> set[str]:
    assert callable(found)
    return {name for name, tree in TREES.items() if any(found(node) for node in ast.walk(tree))}


WRITES: Final = {
    "write_text", "write_bytes", "touch", "imwrite", "VideoWriter", "save", "savez", "savez_compressed", "savetxt",
    "tofile", "write_html", "write_image", "savefig", "write_table", "to_csv", "to_parquet", "mkstemp",
    "NamedTemporaryFile", "copy", "copyfile", "move", "rename", "symlink_to",
}  # fmt: skip
"""Methods that write a file at a path; also by these names elsewhere, so that a hit is looked at."""
WRITERS: Final = {"renderkit.writing"}
"""Who may."""


def test_files_are_written_by_the_writer_only() -> None:
    wrong = [
        f"{name}:{call.lineno}: {ast.unparse(call)[:80]}"
        for name, tree in TREES.items()
        if name not in WRITERS
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _writes(call)
    ]
    assert wrong == []


def _writes(call: ast.Call) -> bool:
    """Whether a call writes a file by itself: not by `renderkit.writing`, to what `new_file` gave, or to memory."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments = ", ".join(ast.unparse(each) for each in [*call.args, *call.keywords])
    if re.search(r"\b(temporary|buffer)\b|new_file\(", arguments):
        return False
    if name == "open" or ast.unparse(call.func) == "h5py.File":
        return any(_is_write_mode(each) for each in [*call.args, *(one.value for one in call.keywords)])
    home = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    # Functions of the writer itself are called by their bare names; arrays and values have a `copy` of their own.
    if not home or home == "writing" or (name in {"copy", "save"} and home not in {"np", "shutil", "image", "picture"}):
        return False
    return name in WRITES


def _is_write_mode(argument: ast.expr) -> bool:
    mode = argument.value if isinstance(argument, ast.Constant) else None
    return isinstance(mode, str) and re.fullmatch(r"[rwaxbt+]+", mode) is not None and bool(set(mode) & set("wax+"))


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("path.write_text(x)", True),
        ("(folder / 'a').write_bytes(x)", True),
        ("open(path, 'w')", True),
        ("path.open(mode='ab')", True),
        ("h5py.File(path, 'r+')", True),
        ("cv2.imwrite(str(path), x)", True),
        ("np.save(path, x)", True),
        ("shutil.copy(a, b)", True),
        ("path.open('rb')", False),
        ("h5py.File(path, 'r')", False),
        ("h5py.File(temporary, 'w')", False),
        ("write_bytes(path, x)", False),
        ("array.copy()", False),
    ],
)
def test_the_search_for_writers_finds_them(code: str, writes: bool) -> None:
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert _writes(call) is writes


def test_each_optional_package_is_imported_by_one_module() -> None:
    extras = _optional_packages()
    assert {"pyrender", "matplotlib", "pyarrow", "rerun"} <= extras
    homes: dict[str, set[str]] = defaultdict(set)
    for name, tree in TREES.items():
        for imported in _imports(tree, name):
            top = imported.partition(".")[0]
            if top in extras:
                homes[top].add(name)
    assert {package: modules for package, modules in homes.items() if len(modules) > 1} == {}
    assert set(homes) == extras


def _optional_packages() -> set[str]:
    """Return the import names of what only an extra installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {"scikit-image": "skimage", "rerun-sdk": "rerun"}

    def names(requirements: Iterable[str]) -> set[str]:
        return {re.split(r"[<>=!~;\[ ]", each, maxsplit=1)[0].lower() for each in requirements}

    extras = project["optional-dependencies"]
    optional = {name for extra, needed in extras.items() if extra not in {"dev", "docs"} for name in names(needed)}
    return {modules.get(name, name) for name in optional - names(project["dependencies"])}


def test_no_module_imports_itself_on_a_detour() -> None:
    graph = {name: _imports(tree, name) & set(TREES) - {name} for name, tree in TREES.items()}
    assert _circles(graph) == []


def test_circles_are_found() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert _circles({"a": {"b"}, "b": set()}) == []


def _imports(tree: Tree, module: str, *, checked_only: bool = True) -> set[str]:
    """Return the modules that a source imports at run time, also late; with False, those for type checks as well."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if checked_only and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{module} imports relatively"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= submodules & set(TREES)
            # `from package import module` needs the module; the package's own content is needed for other names.
            if not submodules <= set(TREES):
                found.add(node.module)
        waiting.extend(ast.iter_child_nodes(node))
    return found


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected groups of more than one module (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            start = stack.index(node)
            groups.append(sorted(stack[start:]))
            del stack[start:]

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return [group for group in groups if len(group) > 1]


def test_what_is_defined_is_reached() -> None:
    """By other code of the package, by the public names, or by a page of the documentation that tells users of it."""
    told = {word for text in _pages() for word in re.findall(r"`[^`\n]+`|^```.*?^```|^    .*?$", text, _SPANS)}
    public = set(dir(renderkit)) | {word for piece in told for word in re.findall(r"\w+", piece)}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    public |= {entry.rpartition(":")[2] for entry in scripts.values()}
    uses, idle = _uses(), dict[str, tuple[str, range]]()
    while found := dict(_idle(uses, public, idle)):
        # What only idle code uses is idle as well.
        idle |= found
    assert not idle, "\n".join(idle)


def _idle(
    uses: dict[str, set[tuple[str, int]]], public: set[str], known: dict[str, tuple[str, range]]
) -> Iterator[tuple[str, tuple[str, range]]]:
    """Yield what is defined and not used, but for what is known to be: its name, and where it stands."""
    for module, tree in TREES.items():
        for name, node in _definitions(tree):
            own = module, range(node.lineno, (node.end_lineno or node.lineno) + 1)
            unseen = [own, *known.values()]
            used = any(
                all(place != other or line not in lines for other, lines in unseen) for place, line in uses[node.name]
            )
            if not used and node.name not in public and not _is_hook(name) and f"{module}.{name}" not in known:
                yield f"{module}.{name}", own


_SPANS: Final = re.MULTILINE | re.DOTALL


def _pages() -> Iterator[str]:
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        yield path.read_text(encoding="utf-8")


def _uses() -> dict[str, set[tuple[str, int]]]:
    """Return where each name is used as a variable, an attribute, a string or a keyword."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            names = {
                ast.Name: lambda one: one.id,
                ast.Attribute: lambda one: one.attr,
                ast.Constant: lambda one: one.value,
                ast.keyword: lambda one: one.arg,
            }
            tell = names.get(type(node))
            if tell is not None and isinstance(name := tell(node), str):
                # Registries name functions as "module:function".
                found[name.rpartition(":")[2]].add((module, getattr(node, "lineno", 0)))
    return found


def _definitions(tree: Tree) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, Function))


HOOKS: Final = {"find_class", "emit"}
"""What pickle and logging call by name."""
WATCHED: Final = {"BufferPool.free_bytes", "Kernel.signatures"}
"""What tests see the inside of a pool or a kernel by."""
CALLED_BY_OTHERS: Final = (
    "_KeptTemplates.", "KitFile.", "ProjectionTest.", "pytest_", "Command.",
    "_Commands.",
)  # fmt: skip
"""Classes and functions that Jinja, pytest and click call by name."""


def _is_hook(name: str) -> bool:
    last = name.rpartition(".")[2]
    return (
        last in HOOKS
        or name in WATCHED
        or (last.startswith("_") and last.endswith("_"))  # Python, Numba and notebooks
        or name.startswith(CALLED_BY_OTHERS)
    )
