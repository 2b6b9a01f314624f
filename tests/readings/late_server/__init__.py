"""Serve two SMS APIs, TextingLine and TextFlow, that answer late and in pieces.

Both run on Starlette under uvicorn, on 127.0.0.1 and a free port. Freedoms taken for both of them:

- every answer comes a few jittered milliseconds after the whole body was read, and credentials are looked at only then;
- every answer is streamed in small pieces (chunked), pieces may end inside a UTF-8 sequence;
- every second answer is gzip coded when the client's Accept-Encoding permits it;
- bodies over 1 MiB are read to their end and refused with 413 (after authentication);
- JSON must be UTF-8 (a byte order mark is ignored), without repeated names and without NaN or Infinity;
- refused credentials are 403, absent ones 401 with WWW-Authenticate; two credential headers count as wrong ones;
- a character is a Unicode code point; lone surrogates are refused;
- a trailing slash is another path (404).

The docstrings of `textingline` and `textflow` list the freedoms of each.
"""

from .faults import FAULTS
from .profiles import profile
from .running import serve

__all__ = ["FAULTS", "profile", "serve"]
