"""Which pages do links in our emails lead to? Plain ones, at the public door; nothing is fetched.

They belong to whoever has the link: nobody signs in, so each asks for no more than it needs, and
none is kept, indexed, or told to the next page.
"""
