"""The real servers that tests talk to, each a process of its own on a port of its own."""

from servers.process import Server, ServerFailed
from servers.programs import dynamodb, emulator, moto, s3
from servers.environment import Credentials, aws_environment

__all__ = ["Credentials", "Server", "ServerFailed", "aws_environment", "dynamodb", "emulator", "moto", "s3"]
