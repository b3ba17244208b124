"""Pictures of evidence that joins many views as they lie in a run folder: their names, and finding them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderkit.results.run_folder import EVIDENCE, own_file, safe_name


@dataclass(frozen=True)
class EvidencePicture:
    """A picture of one view; of all cameras, what contradicts what, where `frame` and `camera` are empty.

    Attributes:
        evidence: Name of the kind of evidence, such as "mattes".
        frame: Frame id.
        camera: Camera name.
    """

    evidence: str
    frame: str = ""
    camera: str = ""

    @property
    def path(self) -> str:
        """Its POSIX path inside the run folder."""
        if not self.camera:
            return f"{EVIDENCE}/{self.evidence}_matrix.png"
        return f"{EVIDENCE}/{safe_name(f'{self.evidence}_{self.frame}_{self.camera}')}.jpg"


def written_pictures(wanted: Iterable[EvidencePicture], folder: Path) -> list[EvidencePicture]:
    """Return those of the pictures that a run folder has.

    Raises:
        DatasetError: If one is a link that leads out of the folder.
    """
    return [picture for picture in wanted if own_file(folder, folder / picture.path)]
