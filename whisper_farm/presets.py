"""Presets: names for sets of decoding options, which are gone once a request is read.

A preset fills the fields that were not given; fields that were given win. Only values remain, so a request
is the same job whether it names a preset or spells its values out, and `balanced` is what no preset is.
"""

from collections.abc import Mapping
from typing import Any

from whisper_farm.errors import BadRequest

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # Greedy, and no sampled tries where the deterministic ones failed: guards and audit still see to losses.
    "fast": {"beam_size": 1, "temperatures": (0.0,)},
    # The defaults of `Decoding`, which are Whisper's own: a beam of 5 and its steps of temperature.
    "balanced": {},
    # Twice the beam of Whisper's paper: twice as many readings followed, in more of the decoder's time.
    "accurate": {"beam_size": 10},
}


def spelled_out(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Decoding` that `given` asks for, with its `preset` filled in.

    `temperature` is another name of `temperatures`, and either may be one number or a list.

    Raises:
        BadRequest: no such preset, or both names at once.
    """
    fields = dict(given)
    if "temperature" in fields:
        if "temperatures" in fields:
            raise BadRequest(
                "The fields 'temperature' and 'temperatures' say the same; leave one of them out."
            )
        fields["temperatures"] = fields.pop("temperature")
    if "temperatures" in fields:
        told = fields["temperatures"]
        fields["temperatures"] = tuple(told) if isinstance(told, list | tuple) else (told,)
    if "preset" not in fields:
        return fields
    name = fields.pop("preset")
    if not isinstance(name, str) or name not in PRESETS:
        shown = repr(name) if isinstance(name, str) and len(name) <= 40 else "that"
        raise BadRequest(f"There is no preset {shown}; take one of {', '.join(PRESETS)}.")
    return {**PRESETS[name], **fields}
