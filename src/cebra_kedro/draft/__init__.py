"""From a lab's files to a first description of an experiment: ``kedro new-recording``.

Reading formats is left to ``io``, aligning what they hold to ``sources``; here is only what is
guessed, and how a guess is written so that a person can check it.
"""

from cebra_kedro.draft.command import draft

__all__ = ["draft"]
