"""The symbolic floor: exact objects, derivations and certificates. No torch, no floats."""
