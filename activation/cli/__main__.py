"""`python -m activation.cli` is the command `activation`."""

from activation.cli import main

main()
