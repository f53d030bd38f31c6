"""Where workflow code runs: Temporal's sandbox, and the one opening in it."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions


def sandbox() -> SandboxedWorkflowRunner:
    """The workflow sandbox, with the farm's own domain let through.

    `whisper_farm` is pure at import and free of clocks: importing it once saves each workflow its own
    copy of pydantic's models, which would take long and not compare equal to the activities' own.
    """
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("whisper_farm", "pydantic")
    )
