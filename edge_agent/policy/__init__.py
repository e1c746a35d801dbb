"""Who may say what, how often and when: blocked words, limits by source, quiet hours."""

from edge_agent.policy.admission import Policy, PolicyName, Rejection
from edge_agent.policy.config import PolicyConfig, PolicyError
from edge_agent.policy.quiet import QuietWindow, QuietWindowError

__all__ = ["Policy", "PolicyConfig", "PolicyError", "PolicyName", "QuietWindow", "QuietWindowError", "Rejection"]
