"""The typed description of an experiment: what ``conf/*/parameters_<experiment>.yml`` may say.

Blocks are in ``blocks``, the whole in ``description``; finding descriptions in configuration files
is done in ``descriptions``, asking the rooms whether they have what is named in ``rooms``.
"""

from cebra_kedro.experiment.description import Experiment, Readout, recording_key
from cebra_kedro.experiment.descriptions import Descriptions, check_description

__all__ = ["Descriptions", "Experiment", "Readout", "check_description", "recording_key"]
