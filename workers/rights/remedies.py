"""Where may somebody turn who is not content with our answer? Each answer says so.

Articles 12(4) and 15(1)(f) of the UK GDPR ask for it.
"""

from typing import Final

REMEDY: Final = (
    "Whoever is not content with this may complain to us, to the Information Commissioner's Office"
    " (ico.org.uk, 0303 123 1113), or go to a court."
)
