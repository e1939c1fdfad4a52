"""The command line. Turns errors into one line and an exit code; holds no logic of its own."""
