"""The ticked photos, and what can be done with them."""
