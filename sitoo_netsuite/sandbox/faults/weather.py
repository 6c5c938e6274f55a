"""What `--faults none|typical|storm|FILE` brings: faults in the trade, hands to come, trouble on the line.

Belongs here: what each of the four words means. Does not belong here: choosing, planting, acting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sitoo_netsuite.sandbox.faults.choice import Choice, typical, wished_for
from sitoo_netsuite.sandbox.faults.file import read_faults
from sitoo_netsuite.sandbox.faults.planting import plant
from sitoo_netsuite.sandbox.faults.tills import Tills
from sitoo_netsuite.sandbox.faults.transport import TRANSPORT_FAULTS, TransportFaults
from sitoo_netsuite.sandbox.faults.truth import Planted
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Weather:
    """`planted`: faults in the trade; `by_hand`: what people will do; `not_planted`: faults the trade was too small
    for. `sitoo_world` is the world as Sitoo shows it, with what the retailer's books lack.
    """

    planted: tuple[Planted, ...]
    by_hand: tuple[Choice, ...]
    transport: TransportFaults
    not_planted: tuple[str, ...]
    sitoo_world: World


def make_weather(faults: str, world: World, store: TradeStore) -> Weather:
    """Plants the faults asked for in a trade nobody has seen yet; the world's seed decides what is left open.

    faults: `none`, `typical`, `storm`, or the path of a FILE. Raises SandboxError for a FILE that cannot be planted.
    """
    if faults == "none":
        return Weather((), (), TransportFaults.for_mode("none", world.seed), (), world)
    if faults in ("typical", "storm"):
        tills = Tills(world, store)
        choices, not_planted = typical(world, tills)
        transport = TransportFaults.for_mode("typical" if faults == "typical" else "storm", world.seed)
    else:
        wishes, counts = read_faults(Path(faults), TRANSPORT_FAULTS)
        tills, not_planted = Tills(world, store), []
        choices = wished_for(world, tills, wishes)
        transport = TransportFaults.of_counts(counts, world.seed)
    planting = plant(world, store, tills, choices)
    by_hand = tuple(choice for choice in choices if choice.fault.by_hand)
    return Weather(planting.planted, by_hand, transport, tuple(not_planted), planting.sitoo_world)
