"""Random scenarios over the whole language, and damaged ones: what campaigns and tests share.

``books`` makes tables, ``derived`` and ``affine`` measures with their values worked out in plain
Python, ``calendars`` hours, ``phrases`` filters with a plain reading of them; ``scenarios`` puts
scenarios together, ``agreement`` counts every plan of one. ``goods`` are scenarios to be damaged,
``mutants`` damages them, ``outcomes`` judges what comes of one, ``written`` compares what was
written with what was read.
"""
