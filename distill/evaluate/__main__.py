"""``python -m distill.evaluate``."""

from distill.evaluate.cli import main

raise SystemExit(main())
