"""A rendered folder, whatever the engine: the one place where a manifest decides how."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.catalog.manifest import Manifest
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.keys import Key
from reconciler.rendering.codebuild import codebuild_files, inputs_document
from reconciler.rendering.jinja import Jinja, TemplateFault
from reconciler.rendering.namespace import namespace_of
from reconciler.rendering.terraform import Rendering, render


class RenderingError(InputError):
    """A template cannot be rendered with the values it is given; the message names the file and the line."""


def given_to_engine(
    key: Key, document: Mapping[str, Json], manifest: Manifest, files: Mapping[str, bytes], jinja: Jinja, where: str
) -> Json:
    """All that an engine is given, which the desired digest is made of: the variables, the rendered template, or the
    inputs file (design, section 4). `where` is how messages call the folder. Raises `RenderingError`."""
    match manifest.engine:
        case Engine.TERRAFORM:
            return dict(document)
        case Engine.CODEBUILD:
            return inputs_document(document)
        case Engine.CLOUDFORMATION:
            return {name: text.decode() for name, text in _stack(key, document, files, jinja, where).items()}


def render_folder(
    rendering: Rendering, manifest: Manifest, deployment_id: str, jinja: Jinja, *, deleted: bool = False
) -> dict[str, bytes]:
    """The files of a resource's folder by path inside it, in path order. Raises `RenderingError`."""
    where = f"{rendering.template} {rendering.version}".strip() or str(rendering.key)
    if manifest.engine is Engine.TERRAFORM:
        return render(rendering, deployment_id, deleted=deleted)
    if manifest.engine is Engine.CLOUDFORMATION:
        return _stack(rendering.key, rendering.document, rendering.files, jinja, where)
    assert manifest.codebuild is not None
    arn = rendering.account.arn(rendering.key)
    try:
        return codebuild_files(manifest.codebuild, rendering.files, rendering.key.kind, rendering.document, arn, jinja)
    except TemplateFault as fault:
        raise RenderingError(f"manifest.yaml of {where}: {fault.message}", hint=fault.hint) from fault


def _stack(
    key: Key, document: Mapping[str, Json], files: Mapping[str, bytes], jinja: Jinja, where: str
) -> dict[str, bytes]:
    names = namespace_of(key.kind, document)
    rendered = {}
    for name, data in files.items():
        try:
            rendered[name] = jinja.stack(data.decode(), names).encode()
        except UnicodeDecodeError as error:
            raise RenderingError(f"{name} of {where} is not UTF-8", hint="save it as UTF-8") from error
        except TemplateFault as fault:
            place = f"{name}:{fault.line}" if fault.line else name
            raise RenderingError(f"{place} of {where}: {fault.message}", hint=fault.hint) from fault
    return rendered
