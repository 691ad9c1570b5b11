"""Places in other repositories, at a commit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Revision:
    """Where in Git: a Repository of the catalog by name, a branch, the path of a folder or file there (empty: all of
    it), and the commit; `sha` is empty when the branch could not be read (reference 4.5)."""

    repository: str
    branch: str
    directory: str = ""
    sha: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.branch}:{self.directory}"

    @property
    def place(self) -> str:
        """The same for people: without a colon that nothing follows."""
        return str(self).removesuffix(":")
