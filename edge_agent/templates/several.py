"""Several templates, of which the one that says most about a text wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.templates.errors import TemplateError, TemplateListError
from edge_agent.templates.template import Match, Template


class Templates:
    """Several templates. The one with most fixed characters wins, then fewest slots, then the earliest in the list."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._ordered = sorted(templates, key=lambda template: (-template.n_fixed, len(template.parts)))

    @classmethod
    def parse(cls, patterns: Iterable[str]) -> Templates:
        """Read a pack's or a configuration's list.

        Raises:
            TemplateListError: all that is wrong with any of them.
        """
        templates: dict[str, Template] = {}
        errors = []
        for number, pattern in enumerate(patterns, start=1):
            try:
                if pattern in templates:
                    raise TemplateError("the same pattern stands earlier in the list", pattern)
                templates[pattern] = Template.parse(pattern)
            except TemplateError as error:
                errors.append(TemplateError(error.reason, error.pattern, error.column, number))
        if errors:
            raise TemplateListError(tuple(errors))
        return cls(templates.values())

    def __iter__(self) -> Iterator[Template]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def match(self, text: str) -> Match | None:
        """The best template's match, or None when none fits."""
        return next((match for template in self._ordered if (match := template.match(text))), None)
