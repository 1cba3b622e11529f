"""The pure modules, broken line by line by mutmut, and what their tests notice of it (docs/mutation.md)."""
