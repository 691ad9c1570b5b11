"""What `reconciler init` writes into an empty folder: a catalog's top file and the places for everything else."""

from __future__ import annotations

from pathlib import Path

from reconciler.catalog.load import ENVIRONMENTS, REPOSITORIES, SERVICES, SETTINGS_FILE, TEMPLATES
from reconciler.errors import InputError
from reconciler.gitstore.checkout import create_repository
from reconciler.gitstore.open import discover
from reconciler.model.keys import is_name

_SETTINGS = """apiVersion: reconciler/v1
kind: Settings
metadata:
  name: {name}
spec:
  account: "000000000000"   # stands in the ARNs of everything; nothing needs it to exist
  region: us-east-1
"""

_PLACES = {
    REPOSITORIES: "One file for each repository that folders are proposed to: repositories/<name>.yaml",
    TEMPLATES: "Template bundles in Proton's layout: templates/environment/<name>/v1/, templates/service/<name>/v1/",
    ENVIRONMENTS: "One folder for each environment: environments/<name>/environment.yaml",
    SERVICES: "One folder for each service: services/<name>/service.yaml",
}


def scaffold(path: Path) -> list[Path]:
    """Writes what is missing and returns it; what is there stays as it is. Makes the folder a Git repository."""
    name = path.resolve().name
    if not is_name(name):
        raise InputError(f'the folder "{name}" cannot give the catalog its name', hint="use letters, digits, - and _")
    path.mkdir(parents=True, exist_ok=True)
    written = []
    if not (path / SETTINGS_FILE).exists():
        (path / SETTINGS_FILE).write_text(_SETTINGS.format(name=name), encoding="utf-8")
        written.append(path / SETTINGS_FILE)
    for place, purpose in _PLACES.items():
        readme = path / place / "README.md"
        if not readme.parent.exists():
            readme.parent.mkdir()
            readme.write_text(f"{purpose}\n", encoding="utf-8")
            written.append(readme)
    if discover(path) is None:
        create_repository(path)
    return written
