"""The login and its sessions."""
