"""Serve two messaging interfaces from a plain WSGI application over sqlite3.

Freedoms taken where neither document says anything (each module lists its own in full):

* answers are HTTP/1.0 and the connection is closed after each one; field names are in lower case;
* JSON is indented by four spaces, in reversed key order, everything beyond ASCII written as ``\\uXXXX``;
* every refusal is a 400, authentication included, except an unknown path (404), another method (405) and the
  documented 429; bodies over 1 MiB are refused;
* the media type of the request is not looked at, unknown members are ignored, the last of two equal members counts.
"""

from tests.readings.plain_server.faults import FAULTS
from tests.readings.plain_server.profiles import profile
from tests.readings.plain_server.server import serve

__all__ = ["FAULTS", "profile", "serve"]
