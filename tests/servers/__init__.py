"""The real servers that tests talk to, each a process of its own on a port of its own."""

from servers.api_server import ApiServer
from servers.process import Server, ServerFailed
from servers.programs import api, dynamodb, emulator, moto, s3
from servers.environment import Credentials, aws_environment

__all__ = ["ApiServer", "Credentials", "Server", "ServerFailed", "api", "aws_environment", "dynamodb", "emulator",
           "moto", "s3"]
