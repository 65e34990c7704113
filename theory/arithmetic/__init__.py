"""Exact numbers and matrices: cyclotomic fields, prime fields, and the linear algebra
over them.

:mod:`.cyclotomic` holds the numbers of Q(zeta_n) and :mod:`.grammar` reads them from
text. :mod:`.matrices` holds arrays of exact numbers, :mod:`.elimination` their echelon
forms, :mod:`.isometries` rational matrices that preserve a symmetric form (reflections,
Cayley transforms). :mod:`.primes` factors integers and finds primes that split a field,
:mod:`.ideals` holds prime ideals, valuations and lattices of ideals, :mod:`.norms`
decides which numbers are y y*.
"""
