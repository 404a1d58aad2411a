"""Prints the script that prepares an account: the roles, the logs, the bucket's rules.

Values come from .env and the environment, as in s.yaml. What the cloud would refuse is refused
before anything is printed.
"""
