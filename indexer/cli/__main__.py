"""`python -m indexer.cli` is the `indexer` command."""

from indexer.cli.main import main

main()
