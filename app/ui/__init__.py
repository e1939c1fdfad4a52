"""What all pages share: components, the address, the library handle."""
