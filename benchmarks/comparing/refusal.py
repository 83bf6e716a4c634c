"""What the command says when it cannot do what it was asked for."""


class Refusal(Exception):
    """A sentence for the user. The command prints it and ends with exit code 2."""
