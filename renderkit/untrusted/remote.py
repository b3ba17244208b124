"""Inputs by URL (s3://, gs://, ...): the one place that knows fsspec, which is an extra.

A URL becomes a folder of the download cache in which every file has its name, its size and no content: it is sparse.
`files.open_regular`, through which all inputs are read, downloads a file when it is first opened; HDF5 files are read
by ranges instead. So every format works, and only what is read is transferred.

    ~/.cache/renderkit/remote/SCHEME/HOST/PATH      the files
    ~/.cache/renderkit/remote/.copies/DIGEST        one per file that was downloaded; its time is that of the last use

A file's time stands for the version that the server names (ETag, time of change): another version is another time, and
so another input. What is read is of the version that was listed, else it is an error.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from renderkit.errors import DatasetError, MissingExtraError
from renderkit.system import environment, environment_folder
from renderkit.writing import make_folder, remove_file, write_sparse

if TYPE_CHECKING:
    from renderkit.untrusted.download_cache import DownloadCache

LIMIT_VARIABLE: Final = "RENDERKIT_DOWNLOADS_GB"
"""Variable of the environment with the size that downloads may take, GB."""
DEFAULT_LIMIT_GB: Final = 20.0
MAX_LISTED: Final = 2_000_000
"""Folders of more files are refused."""
_RANGE_BYTES: Final = 4 << 20
_BLOCK_BYTES: Final = 1 << 20
_FOLDER: Final = "/renderkit/remote/"
# `Path` makes one slash of two.
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}(.*)", re.DOTALL)
_VERSIONS: Final = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "updated", "created")


def is_url(given: str | Path) -> bool:
    """Whether an argument is a URL: a scheme of two letters or more, a colon, a slash."""
    return _URL.fullmatch(str(given)) is not None


def local_path(given: str | Path) -> Path:
    """Return where an input is: a path as it is, the cache's file or folder for a URL, which is listed anew.

    Raises:
        DatasetError: If the URL is none that can be read, there is nothing, or the cache cannot be written.
        MissingExtraError: If fsspec is not installed.
    """
    found = _URL.fullmatch(str(given))
    if found is None:
        known = url_of(given)
        # Another machine's cache, or an older one.
        return Path(given) if known is None or Path(given).exists() else local_path(known)
    scheme, rest = found.groups()
    if scheme in {"file", "local"}:
        return Path("/", rest.lstrip("/"))
    if "::" in str(given):
        raise DatasetError(given, None, "URLs of files inside other files are not read")
    return _Listing(scheme, rest.strip("/")).mirrored()


def matching(url: str) -> tuple[str, ...]:
    """Return the URLs that a pattern such as "s3://bucket/*/raw.smc" matches, in order.

    Raises:
        DatasetError, MissingExtraError: As `local_path`.
    """
    scheme, _, rest = url.partition("://")
    if scheme in {"file", "local"}:
        rest = "/" + rest.lstrip("/")
    with _Reaching(url):
        names: list[str] = _file_system(scheme).glob(rest)
    return tuple(f"{scheme}://{name.removeprefix(f'{scheme}://').lstrip('/')}" for name in sorted(names))


def url_of(path: str | Path) -> str | None:
    """Return the URL of a file or folder of the cache; None for any other."""
    text = str(path)
    if _FOLDER not in text:
        return None
    try:
        parts = Path(text).relative_to(_root()).parts
    except ValueError:
        return None
    return f"{parts[0]}://{'/'.join(parts[1:])}" if len(parts) > 1 else None


def shown_path(path: str | Path) -> str:
    """Return a path as people know it: the URL of what is in the cache."""
    found = _URL.fullmatch(str(path))
    return "://".join(found.groups()) if found is not None else url_of(path) or str(path)


def fetch(path: Path, max_bytes: int | None = None) -> None:
    """Download a file of the cache unless there is a copy; nothing happens for any other file.

    Raises:
        DatasetError: If it is larger than `max_bytes` or the cache, cannot be downloaded, or has changed.
        MissingExtraError: If fsspec is not installed.
    """
    url = url_of(path)
    if url is None or not path.is_file():
        return
    cache = _cache()
    if cache.holds(path):
        return
    size = path.stat().st_size
    limit = cache.limit_bytes if max_bytes is None else min(max_bytes, cache.limit_bytes)
    if size > limit:
        raise DatasetError(url, None, f"{size} bytes are over the limit of {limit}; {LIMIT_VARIABLE} sets the cache's")
    with _opened(path, url, _BLOCK_BYTES) as stream:
        cache.store(path, _checked_blocks(stream, url, size))


def is_whole(path: Path, descriptor: int) -> bool:
    """Whether an open file has its content: always, but for one of the cache that was emptied since it was fetched."""
    return url_of(path) is None or not path.is_file() or _cache().holds_open(path, descriptor)


def read_start(path: Path, num_bytes: int) -> bytes | None:
    """Return the first bytes of a file of the cache of which there is no copy; None for any other file.

    Raises:
        DatasetError, MissingExtraError: As `fetch`.
    """
    url = url_of(path)
    if url is None or _cache().holds(path):
        return None
    with _Reaching(url):
        return cast("bytes", _file_system(url.partition("://")[0]).cat_file(url, start=0, end=num_bytes))


def open_ranges(path: Path) -> BinaryIO | None:
    """Open a file of the cache for reading by ranges; None where it is another file, or there is a copy.

    Raises:
        DatasetError, MissingExtraError: As `fetch`.
    """
    url = url_of(path)
    return None if url is None or _cache().holds(path) else _opened(path, url, _RANGE_BYTES)


def _opened(path: Path, url: str, block: int) -> BinaryIO:
    """Open a remote file, of the version that was listed."""
    with _Reaching(url):
        system = _file_system(url.partition("://")[0])
        info = system.info(url)
        state = path.stat()
        if (int(info.get("size") or 0), _version(info)) != (state.st_size, state.st_mtime_ns):
            raise DatasetError(url, None, "the input changed since it was listed: run again")
        return cast("BinaryIO", system.open(url, "rb", block_size=block, cache_type="blockcache"))


def _checked_blocks(stream: BinaryIO, url: str, size: int) -> Iterator[bytes]:
    """Yield a file's bytes; as many as were announced."""
    left = size
    with _Reaching(url):
        while left and (block := stream.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block
        if left or stream.read(1):
            raise DatasetError(url, None, f"expected {size} bytes, found {'fewer' if left else 'more'}")


class _Listing:
    """What lies at a URL, and its files in the cache."""

    def __init__(self, scheme: str, rest: str) -> None:
        self.url = f"{scheme}://{rest}"
        self.place = _place(_root(), f"{scheme}/{rest}", self.url)
        self._system = _file_system(scheme)

    def mirrored(self) -> Path:
        """Make the cache's files what is listed, and return the place.

        Raises:
            DatasetError: If there is nothing, or a name is refused.
        """
        with _Reaching(self.url):
            if self._system.isfile(self.url):
                # What a format looks for beside its file is found as well.
                parent = self.url.rpartition("/")[0]
                self._update(self._files(self._system.ls(parent, detail=True), parent), self.place.parent, deep=False)
            else:
                found = self._system.find(self.url, detail=True)
                if not found:
                    raise DatasetError(self.url, None, "no such file or folder")
                self._update(self._files(found.values(), self.url), self.place, deep=True)
        return self.place

    def _files(self, infos: Any, base: str) -> Mapping[Path, Mapping[str, Any]]:  # noqa: ANN401 - of any backend
        base_name = self._system._strip_protocol(base).rstrip("/")
        start = _place(_root(), base.replace("://", "/", 1), base)
        files = {}
        for info in infos:
            if info.get("type") == "file":
                name = str(info["name"]).removeprefix(base_name).lstrip("/")
                # A web server's list of files has neither sizes nor versions.
                complete = info.get("size") is not None and any(info.get(one) is not None for one in _VERSIONS)
                files[_place(start, name, base)] = info if complete else self._system.info(info["name"])
            if len(files) > MAX_LISTED:
                raise DatasetError(base, None, f"more than {MAX_LISTED} files")
        return files

    @staticmethod
    def _update(files: Mapping[Path, Mapping[str, Any]], folder: Path, *, deep: bool) -> None:
        cache = _cache()
        make_folder(folder)
        there = folder.rglob("*") if deep else folder.iterdir()
        for path in [path for path in there if path.is_file() and path not in files]:
            cache.drop(path)
            remove_file(path)
        for path, info in files.items():
            wanted = int(info.get("size") or 0), _version(info)
            if not path.is_file() or (path.stat().st_size, path.stat().st_mtime_ns) != wanted:
                cache.drop(path)
                make_folder(path.parent)
                write_sparse(path, *wanted)


class _Reaching:
    """A block that talks to a server: what goes wrong in it is a DatasetError that names the URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        """Start."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Turn an error of any backend into a DatasetError; they raise errors of their own libraries.

        Raises:
            DatasetError: For it.
        """
        if isinstance(error, Exception) and not isinstance(error, DatasetError | MissingExtraError | GeneratorExit):
            why = "no such file or folder" if isinstance(error, FileNotFoundError) else str(error)
            raise DatasetError(self._url, None, f"cannot be read: {why or type(error).__name__}") from error


def _file_system(scheme: str) -> Any:  # noqa: ANN401 - fsspec has no types
    try:
        import fsspec  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote") from error
    with _Reaching(f"{scheme}://"):
        return fsspec.filesystem(scheme)


def _root() -> Path:
    return environment_folder("XDG_CACHE_HOME", ".cache") / "renderkit" / "remote"


def _cache() -> DownloadCache:
    from renderkit.untrusted.download_cache import DownloadCache  # noqa: PLC0415 - most inputs are files of this machine

    text = environment(LIMIT_VARIABLE) or str(DEFAULT_LIMIT_GB)
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0.0 < limit < 1e9:
        raise DatasetError(LIMIT_VARIABLE, None, f"expected a number of GB above 0, found {text!r}")
    return DownloadCache(_root(), round(limit * 1e9))


def _place(folder: Path, name: str, url: str) -> Path:
    """Return a file's place; names that could lead out of the folder are refused."""
    parts = name.split("/") if name else []
    if any(part in {"", ".", ".."} or "\0" in part or part.startswith(".renderkit-") for part in parts):
        raise DatasetError(url, name, "a name with empty parts or dots is refused")
    return folder.joinpath(*parts)


def _version(info: Mapping[str, Any]) -> int:
    """Return a time, ns, that stands for a file's version as its server names it."""
    told = next((info[name] for name in _VERSIONS if info.get(name) is not None), "")
    # Backends give times as such in one call and as seconds in another.
    text = str(told.timestamp() if isinstance(told, datetime) else told)
    digest = hashlib.sha256(f"{info.get('size')} {text}".encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:7], "little") % (1 << 30) * 1_000_000_000 + int.from_bytes(digest[7:10], "little")


def remote_version(path: Path) -> str | None:
    """Return digits that stand for a remote file's version; None for a file of this machine."""
    if url_of(path) is None:
        return None
    state = os.stat(path)  # noqa: PTH116
    return hashlib.sha256(f"{state.st_size} {state.st_mtime_ns}".encode()).hexdigest()
