"""The search attributes that every job carries, added where a server lacks them.

A dev server takes new ones only with a new database, and a farm's namespace may be older than this
program: both are asked, and told, each time a control worker starts.
"""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm.errors import FarmUnreachable
from whisper_farm.messages import SEARCH_AUDIO_SECONDS_LEFT, SEARCH_MODEL, SEARCH_OWNER
from whisper_farm.temporal_client import patiently

SEARCH_ATTRIBUTES = {
    SEARCH_MODEL: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    SEARCH_AUDIO_SECONDS_LEFT: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    SEARCH_OWNER: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}


async def ensure_search_attributes(client: Client) -> list[str]:
    """Add those that the client's namespace lacks; their names.

    Raises:
        FarmUnreachable: the server stays away, or does not let us add them; an operator has to.
    """
    listing = ListSearchAttributesRequest(namespace=client.namespace)
    missing = dict(SEARCH_ATTRIBUTES)
    try:
        known = await patiently(lambda: client.operator_service.list_search_attributes(listing))
        missing = {name: kind for name, kind in missing.items() if name not in known.custom_attributes}
        if missing:
            adding = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            await patiently(lambda: client.operator_service.add_search_attributes(adding))
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise FarmUnreachable(_not_allowed(client.namespace, list(missing), error.message)) from None
    return sorted(missing)


def _not_allowed(namespace: str, names: list[str], why: str) -> str:
    types = {IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE: "Double"}
    options = " ".join(
        f"--name {name} --type {types.get(SEARCH_ATTRIBUTES[name], 'Keyword')}" for name in names
    )
    return (
        f"This program may not add the search attributes of jobs to the namespace '{namespace}' ({why}); an"
        f" operator adds them with 'temporal operator search-attribute create {options}'."
    )
