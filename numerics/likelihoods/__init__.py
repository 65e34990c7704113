"""Likelihoods of networks that answer for an image and for a label at once.

=====================  ======================================================================
networks               networks with parameters that both answers share
bernoulli              their Bernoulli likelihoods: values, gradients by autograd, images by threshold
values                 log likelihoods and entropies at one half, each with its bound
pulls                  gradients of an image against a label's at one half, each with its bound
=====================  ======================================================================
"""
