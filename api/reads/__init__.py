"""What can be read from a store: plain functions that return documents, ready to be sent as JSON.

Numbers are decimal text, instants RFC 3339 text in UTC with milliseconds only where there are any. Each list
is read in pages: `Page.after` is the position after which the next page starts, None at the end.
"""
