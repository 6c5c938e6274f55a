"""What `--faults none|typical|storm|FILE` brings: faults in the trade, hands to come, trouble on the line.

Belongs here: what each of the four words means. Does not belong here: choosing, planting, acting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sitoo_netsuite.sandbox.faults.catalogue import TYPICAL, Target
from sitoo_netsuite.sandbox.faults.choice import Choice, typical, wished_for
from sitoo_netsuite.sandbox.faults.file import NothingLeftError, Wish, read_faults
from sitoo_netsuite.sandbox.faults.master_data import Aim, MasterDataChooser, plant_master_data
from sitoo_netsuite.sandbox.faults.planting import plant
from sitoo_netsuite.sandbox.faults.tills import Tills
from sitoo_netsuite.sandbox.faults.transport import TRANSPORT_FAULTS, TransportFaults
from sitoo_netsuite.sandbox.faults.truth import Planted
from sitoo_netsuite.sandbox.server import SandboxError
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Weather:
    """`planted`: faults in the trade and the master data; `by_hand`, `in_backoffice`: what people will do, to stores'
    stock too;
    `not_planted`: faults the trade was too small for. `sitoo_world` and `netsuite_world` are the world as either system
    shows it.
    """

    planted: tuple[Planted, ...]
    by_hand: tuple[Choice, ...]
    in_backoffice: tuple[Aim, ...]
    transport: TransportFaults
    not_planted: tuple[str, ...]
    sitoo_world: World
    netsuite_world: World

    @property
    def shelves(self) -> frozenset[str]:
        """SKUs of which some store's stock bears a fault."""
        named = (choice.record for choice in self.by_hand if choice.fault.target is Target.SHELF)
        return frozenset(sku for sku in named if sku is not None)


def make_weather(faults: str, world: World, store: TradeStore) -> Weather:
    """Plants the faults asked for in a trade nobody has seen yet; the world's seed decides what is left open.

    faults: `none`, `typical`, `storm`, or the path of a FILE. Raises SandboxError for a FILE that cannot be planted.
    """
    if faults == "none":
        return Weather((), (), (), TransportFaults.for_mode("none", world.seed), (), world, world)
    if faults in ("typical", "storm"):
        tills = Tills(world, store)
        choices, not_planted = typical(world, tills)
        wishes = [Wish(fault, fault.name) for fault in TYPICAL if fault.of_master_data]
        transport = TransportFaults.for_mode("typical" if faults == "typical" else "storm", world.seed)
    else:
        wishes, counts = read_faults(Path(faults), TRANSPORT_FAULTS)
        tills, not_planted = Tills(world, store), []
        of_trade = [wish for wish in wishes if not wish.fault.of_master_data]
        wishes = [wish for wish in wishes if wish.fault.of_master_data]
        choices = wished_for(world, tills, of_trade, {wish.record for wish in wishes if wish.record is not None})
        transport = TransportFaults.of_counts(counts, world.seed)
    aims = _aims(world, wishes, choices)
    planting = plant(world, store, tills, choices)
    master_data = plant_master_data(planting.netsuite_world, planting.sitoo_world, aims)
    return Weather(
        planted=(*planting.planted, *master_data.planted),
        by_hand=tuple(choice for choice in choices if choice.fault.by_hand),
        in_backoffice=tuple(aim for aim in aims if aim.fault.by_hand),
        transport=transport,
        not_planted=tuple(not_planted),
        sitoo_world=master_data.sitoo_world,
        netsuite_world=master_data.netsuite_world,
    )


def _aims(world: World, wishes: Iterable[Wish], choices: Iterable[Choice]) -> list[Aim]:
    """What the faults of the master data are done to: first those that name it, and nothing that a receipt is wrong of.

    Raises SandboxError naming the entry when there is nothing it could be done to.
    """
    sold_wrongly = {
        choice.order["orderitems"][choice.place]["sku"]
        for choice in choices
        if choice.fault.name == "wrong_price" and choice.order is not None
    }
    chooser, aims = MasterDataChooser(world, sold_wrongly), []
    for wish in sorted(wishes, key=lambda wish: wish.record is None):
        try:
            aims.append(chooser.choose(wish))
        except NothingLeftError as error:
            raise SandboxError(f"{wish.asked_as}: {error}") from None
    return aims
