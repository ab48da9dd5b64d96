"""The typed description of an experiment: what ``conf/*/parameters_<experiment>.yml`` may say.

Blocks are in ``blocks``, ``encoder_blocks`` and ``sweeps``, what may be written shorter in
``shorthand``, the whole in ``description``, and whether it fits together in ``fitting``; finding
descriptions in configuration files is done in ``descriptions``, asking the rooms whether they have
what is named in ``rooms``.
"""

from cebra_kedro.experiment.description import Experiment, recording_key
from cebra_kedro.experiment.descriptions import Descriptions, check_description
from cebra_kedro.experiment.readout import Readout

__all__ = ["Descriptions", "Experiment", "Readout", "check_description", "recording_key"]
