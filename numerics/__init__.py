"""The measuring floor: every object again from its definition, on any torch device, with a stated error. No SymPy."""
