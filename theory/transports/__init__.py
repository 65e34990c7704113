"""Maps that carry one density to another, in symbols and in every dimension.

:mod:`.triangular` holds determinants of triangular maps by induction on the dimension,
elimination steps, polynomial automorphisms and fluxes.
:mod:`.rosenblatt` holds the Knothe-Rosenblatt map and what forces it.
:mod:`.arbitrary_score` holds the map that gives the image any positive density as its
score.
"""
