"""Outputs that a person supposes, so that a template can be tried before what it reads exists.

environment/dev:
  vpc_id: vpc-1
service/shop/service-instance/shop-dev: {url: "http://shop"}
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.catalog.yamlfile import parse_yaml
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, find_key

_KINDS = (Kind.ENVIRONMENT, Kind.COMPONENT, Kind.INSTANCE)
_HINT = "write outputs by key: `environment/dev: {vpc_id: vpc-1}`"


def read_supposed(path: str, data: bytes) -> Mapping[Key, Mapping[str, str]]:
    """Outputs by key, each as the text that was written. Raises `InputError` with the first thing that is wrong."""
    file, problems = parse_yaml(path, data)
    error = next((problem for problem in problems if problem.is_error), None)
    if error is not None or file is None:
        raise InputError(str(error), hint=_HINT)
    if not isinstance(file.data, dict):
        raise InputError(f"{file.at(())}: this is no mapping of keys to outputs", hint=_HINT)
    found: dict[Key, Mapping[str, str]] = {}
    for name, outputs in file.data.items():
        key = find_key(name)
        if key is None or key.kind not in _KINDS:
            hint = "write keys like environment/dev, component/bucket or service/shop/service-instance/shop-dev"
            raise InputError(f"{file.key_at((name,))}: {name} is no key of something with outputs", hint=hint)
        if not isinstance(outputs, dict) or any(isinstance(value, dict | list | None) for value in outputs.values()):
            message = f"{file.at((name,))}: the outputs of {name} are not a mapping of texts"
            raise InputError(message, hint="outputs are text; write a list or an object as JSON in quotes")
        texts = {output: file.text((name, output)) for output in outputs}
        found[key] = {output: str(outputs[output]) if text is None else text for output, text in texts.items()}
    return found
