"""The Debian package in a container whose first process is a real systemd. By its own command: python -m tests.system.container"""
