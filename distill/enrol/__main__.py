"""``python -m distill.enrol``."""

from distill.enrol.cli import main

raise SystemExit(main())
