"""Where other run-times depart from the specification, as far as our cases can see.

A case that stands here is expected to fail with that run-time; when it passes, the table is wrong and the run says so.
`version` is how its version begins; `views`: only there (none: everywhere).
"""
import dataclasses


@dataclasses.dataclass
class Departure:
    runtime: str
    version: str
    reason: str
    cases: tuple
    views: tuple = ()


DEPARTURES = []
