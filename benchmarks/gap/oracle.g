# Prints one line of JSON for each group of the list `wanted` (pairs [order, number in the Small Groups library]):
# permutation generators, class representatives (0-based images), sizes, irreducible characters, indicators.
# `wanted` is set by the caller in a line before this file is read.
SetPrintFormattingStatus("*stdout*", false);;

ZeroBased := function(x, degree)
  return List(ListPerm(x, degree), i -> i - 1);
end;;

Describe := function(id)
  local G, degree, classes, table, characters, values, place;
  G := Image(IsomorphismPermGroup(SmallGroup(id[1], id[2])));
  degree := Maximum(1, LargestMovedPoint(G));
  table := CharacterTable(G);
  classes := ConjugacyClasses(table);
  characters := Irr(table);
  values := [];
  place := function(v)
    local c, entry;
    c := Conductor(v);
    entry := [c, CoeffsCyc(v, c)];
    if not entry in values then Add(values, entry); fi;
    return Position(values, entry) - 1;
  end;
  characters := List(characters, chi -> List(chi, place));
  Print("{\"id\": ", id, ", \"degree\": ", degree,
        ", \"generators\": ", List(GeneratorsOfGroup(G), g -> ZeroBased(g, degree)),
        ", \"representatives\": ", List(classes, c -> ZeroBased(Representative(c), degree)),
        ", \"sizes\": ", List(classes, Size), ", \"orders\": ", OrdersClassRepresentatives(table),
        ", \"values\": ", values, ", \"characters\": ", characters,
        ", \"indicators\": ", Indicator(table, Irr(table), 2), "}\n");
end;;

for id in wanted do Describe(id); od;
QUIT;
