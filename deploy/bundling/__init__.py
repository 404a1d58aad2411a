"""How build/ is made; deploy/bundle.py is the command."""
