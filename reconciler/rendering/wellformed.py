"""Is a rendered CloudFormation template well-formed? cfn-lint's own decoder answers.

Importing cfn-lint takes half a second: only the process that renders should import this module.
"""

from __future__ import annotations

import re

from cfnlint.decode.decode import decode_str

_DUPLICATE = "Duplicate found"
# What YAML's composer and reader complain about comes without a place, except in its text.
_PLACE = re.compile(r' in "<unicode string>", line (\d+), column \d+')
_CHARACTER = re.compile(r' in "<unicode string>", position (\d+)')
_NOISE = re.compile(r'Template could not be parsed: | in "<unicode string>", position \d+| \(line \d+\)')


def check_stack(text: str) -> tuple[int, str] | None:
    """The line (from 1) and what is wrong there, or None.

    Well-formed is a mapping in YAML with CloudFormation's tags, or in JSON, without null keys. Of equal keys the last
    one counts, as for CloudFormation: loops of real templates give such keys. Nothing is said about resources and their
    properties.
    """
    template, matches = decode_str(text)
    wrong = [match for match in matches if not match.message.startswith(_DUPLICATE)]
    if matches and not wrong:
        return None
    if wrong:
        match = wrong[0]
        message = " ".join(match.message.split())
        places = _PLACE.findall(message)
        found = _CHARACTER.search(message)
        line = text.count("\n", 0, int(found[1])) + 1 if found else max(match.linenumber, 1)
        return int(places[-1]) if places else line, _NOISE.sub("", _PLACE.sub("", message))
    if not isinstance(template, dict):
        return 1, "a template is a mapping, with Resources in it"
    if not template:
        return 1, "a template is a mapping, with Resources in it, and this one is empty"
    return None
