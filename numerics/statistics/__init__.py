"""Distances between samples and distributions, in constant memory, with what makes a test of them.

=====================  ======================================================================
kolmogorov             Kolmogorov-Smirnov distances, exactly or on a grid, and counts over cells
two_samples            two samples of one distribution or not: joint distances with explicit constants
copulas                pairs of columns against the uniform distribution of the square
=====================  ======================================================================
"""
