"""What a farm is doing: models served, what waits for them, how many jobs are open."""

import asyncio
from dataclasses import dataclass

from whisper_farm import keys
from whisper_farm.farm.connection import Farm
from whisper_farm.farm.jobs import open_ids
from whisper_farm.farm.queues import Serving, models_served, nobody_serves, serving
from whisper_farm.models import FarmDefaults
from whisper_farm.storage.documents import find_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A farm at one moment."""

    address: str
    namespace: str
    store: str  #: in a few words
    models: tuple[Serving, ...]
    open_jobs: int

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong, in sentences."""
        waits = [each for each in self.models if each.backlog and not each.workers]
        return (
            *(each.trouble for each in self.models if each.trouble is not None),
            *(nobody_serves(each.model) for each in waits),
        )


async def overview_of(farm: Farm) -> Overview:
    """Ask Temporal and the store."""
    names = set(await models_served(farm.client))
    if farm.stack is not None:
        names |= {model.name for model in farm.stack.models}
    defaults = await asyncio.to_thread(find_document, farm.store, keys.FARM_SETTINGS, FarmDefaults)
    if defaults is not None and defaults.model is not None:
        names.add(defaults.model)
    found = await asyncio.gather(*(serving(farm.client, name) for name in sorted(names)))
    # A default that nobody serves and nobody waits for is no news.
    models = tuple(each for each in found if each.workers or each.backlog)
    return Overview(
        address=farm.client.service_client.config.target_host,
        namespace=farm.client.namespace,
        store=farm.store.describe(),
        models=models,
        open_jobs=len(await asyncio.to_thread(open_ids, farm.store)),
    )
