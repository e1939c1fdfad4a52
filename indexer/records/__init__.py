"""The values that pass between the parts: frozen, without behaviour, without SQL or torch."""
