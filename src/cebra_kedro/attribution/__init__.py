"""Which neurons an embedding depends on, and whether more than in a control."""

from cebra_kedro.attribution.maps import METHODS, attribution_maps
from cebra_kedro.attribution.ranking import AGAINST, rank_neurons

__all__ = ["AGAINST", "METHODS", "attribution_maps", "rank_neurons"]
