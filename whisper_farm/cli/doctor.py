"""`whisper-farm doctor`: what is found, what is missing, and the command that mends it."""

from typing import TYPE_CHECKING

from whisper_farm.cli import printing
from whisper_farm.cli.options import Json, Model

if TYPE_CHECKING:
    from whisper_farm.farm.health import Finding

CAN_NOT_RUN = 3


def doctor(model: Model = None, json: Json = False) -> int:
    """Say what the farm lacks on this machine.

    What is found, what is missing, and the command that mends it.
    Exit code 3 where something is missing that the farm can't get by itself.
    """
    from whisper_farm.farm.health import examine
    from whisper_farm.settings import FarmSettings, load

    findings: list[Finding] = []
    for each in examine(load(FarmSettings), model):
        findings.append(each)
        if not json:
            _show(each)
    stops = [each for each in findings if each.needed and not each.is_well]
    if json:
        document = [
            {
                "what": each.what,
                "found": each.found,
                "note": each.note,
                "mend": each.mend,
                "needed": each.needed,
                "well": each.is_well,
            }
            for each in findings
        ]
        printing.show_json({"can_run": not stops, "findings": document})
    elif stops:
        printing.say(f"The farm can't run yet: {', '.join(each.what for each in stops)} missing or wrong.")
    return CAN_NOT_RUN if stops else 0


def _show(finding: "Finding") -> None:
    mark = "ok" if finding.is_well else "!!" if finding.needed else "--"
    printing.show(f"{mark}  {finding.what}: {finding.found or 'missing'}")
    if finding.note is not None:
        printing.show(f"      {finding.note}")
    if finding.mend is not None:
        printing.show(f"      mend: {finding.mend}")
