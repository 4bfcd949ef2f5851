"""``python -m optiterr.cli``."""

from optiterr.cli import main

main()
