"""Likelihoods of images in exact arithmetic, and their gradients in parameters that a classifier shares.

:mod:`.bernoulli` holds masses of labels and of binary images, and how many bits an image needs. :mod:`.gradients` holds inductions on the number of pixels
for the gradients, and every image of up to twelve pixels.
"""
