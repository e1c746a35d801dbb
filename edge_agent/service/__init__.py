"""What a daemon owes its operator: a log, metrics, health, the service manager's protocol, and a doctor."""
