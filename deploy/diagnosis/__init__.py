"""How a live deployment is examined from outside; deploy/doctor.py is the command."""
