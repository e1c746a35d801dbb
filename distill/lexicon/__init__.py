"""How the English data files of ``edge_agent/text/data`` are made: ``python -m distill.lexicon --help``."""
