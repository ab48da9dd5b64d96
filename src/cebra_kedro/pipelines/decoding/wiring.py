"""What nodes that decode are given."""

from __future__ import annotations


def decoding_inputs(experiment: str, encoder: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Parameters of a node that decodes, by argument, and what they stand for in the project.

    Args:
        experiment: name in the parameters.
        encoder: variant whose parameters the node is told, as ``control``, to permute the labels of
            a control; None where there is no encoder.
    """
    inputs = {"parameters": "params:decoding"}
    parameters = {"params:decoding": f"params:{experiment}.decoding"}
    if encoder is not None:
        inputs["control"] = "params:variant"
        parameters["params:variant"] = f"params:{experiment}.variants.{encoder}"
    return inputs, parameters
