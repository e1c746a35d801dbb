"""``python -m distill.report``."""

from distill.report.cli import main

raise SystemExit(main())
