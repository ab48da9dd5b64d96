"""Figures of results: embeddings, decoded labels, scores, training curves, consistency.

``figures`` lists the kinds of figures that a description of an experiment may name; each is drawn
by a ``<kind>_figure(results, session, **options)``, from the :class:`~.results.Results` of any
experiment. Every ``plot_*`` draws on an optional ``ax`` and returns a :class:`~.canvas.Drawn` (the
axes and the numbers on them). They take results as arrays and tables; training, decoding and
reading files are left to others.

Functions are imported from the modules that hold them, so that reading the list of kinds is cheap.
"""
