"""Likelihoods of images and labels in exact arithmetic, and their gradients in
parameters that a classifier shares.

=======================  ==================================================================================
bernoulli                masses of labels and of binary images, and how many bits an image needs
gradients                gradients in shared parameters: inductions on pixels, every image of up to twelve
chain_rule               log p(x, y) as a sum: labels, densities, sequences, every small table
rays                     confidence of piecewise-linear classifiers far away, and the density there
separate_parameters      gradients and maxima that decouple, and the information that stays
weighting                convex combinations, the exchange inequality, powers of densities
features                 what features keep of the information about a label
residual_blocks          log-determinants as power series, Russian roulette, invertibility
=======================  ==================================================================================
"""
