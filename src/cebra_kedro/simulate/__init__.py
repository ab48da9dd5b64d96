"""Seeded generators of arrays in the structure of the published files, one file a publisher.

They return what the published file would hold; ``sources`` turns either into a ``Recording``.
"""
