"""Latent-variable models, exactly: changes of the latent space that the data cannot
see.

:mod:`.entangling` holds the entangling map in symbols, with undefined distribution
functions and exact rational rotations, in any dimension.
:mod:`.twins` holds pairs of models with one distribution of the data, and rotations
whose entries are all of one size.
"""
