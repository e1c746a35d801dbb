"""From hostile bytes to an :class:`~edge_agent.announcement.Announcement`, or to one sentence saying why not."""

from edge_agent.parse.announcement import FIELD_NAMES, Defaults, parse
from edge_agent.parse.rejected import Refusal, Rejected
from edge_agent.parse.strict_json import MAX_PAYLOAD_BYTES, read_object

__all__ = ["FIELD_NAMES", "MAX_PAYLOAD_BYTES", "Defaults", "Refusal", "Rejected", "parse", "read_object"]
