"""From the arrays of one publisher to a ``Recording``, one file a publisher.

Opening files is the business of ``io``; dividing a recording into parts is that of ``splits``.
"""
