# Permutation generators (0-based images) of every group of order at most 63, one line of JSON each.
SetPrintFormattingStatus("*stdout*", false);;
for n in [1 .. 63] do
  for k in [1 .. NrSmallGroups(n)] do
    image := Image(IsomorphismPermGroup(SmallGroup(n, k)));;
    degree := Maximum(1, LargestMovedPoint(image));;
    Print("[\"", n, ",", k, "\", ", degree, ", ", List(GeneratorsOfGroup(image), g -> List(ListPerm(g, degree), i -> i - 1)), "]\n");
  od;
od;
QUIT;
