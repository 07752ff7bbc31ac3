"""Panel components over the library, for any notebook or dashboard."""
