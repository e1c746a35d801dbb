"""What an announcement writes in figures and signs, a module a family; `tables` puts the families in order."""
