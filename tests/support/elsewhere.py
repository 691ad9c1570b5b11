"""A repository of other people that the catalog of a workshop is synced from."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Elsewhere:
    """A work tree, and the bare repository that it is pushed to; the program sees the latter only, as `url`."""

    work: Path
    bare: Path
    url: str

    @classmethod
    def begin(cls, work: Path, bare: Path, url: str) -> Elsewhere:
        """Makes both, with nothing in them."""
        found = cls(work, bare, url)
        work.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
        found.git("init", "-q", "-b", "main")
        found.git("remote", "add", "origin", str(bare))
        return found

    def git(self, *words: str) -> str:
        """Git in the work tree."""
        done = subprocess.run(["git", *words], cwd=self.work, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def copy(self, source: Path, path: str) -> None:
        """Copies a folder to a path, in place of what is there."""
        shutil.rmtree(self.work / path, ignore_errors=True)
        shutil.copytree(source, self.work / path)

    def write(self, path: str, text: str) -> None:
        """Writes a file."""
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Changes what stands in a file."""
        text = (self.work / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def push(self, message: str = "change", branch: str = "main") -> str:
        """Commits everything and pushes it."""
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("push", "-q", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def repository_file(self, name: str) -> str:
        """Its file in the catalog."""
        return (
            f"apiVersion: reconciler/v1\nkind: Repository\nmetadata: {{name: {name}}}\n"
            f'spec: {{provider: local, name: acme/{name}, url: "{self.url}"}}\n'
        )
