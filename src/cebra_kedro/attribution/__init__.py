"""Which neurons an embedding depends on (``maps``), and which more than in a control (``ranking``).

Nothing is imported here: maps need torch, ranks do not.
"""
