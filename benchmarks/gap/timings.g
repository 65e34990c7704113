# Times GAP on permutation groups, start-up excluded: `tasks` is a list of records rec(name, kind, generators), set by the caller in a line
# before this file is read; generators are lists of 1-based images. Prints name, kind, milliseconds of Runtime() and the degrees found.
SetPrintFormattingStatus("*stdout*", false);;

Timed := function(task)
  local G, start, degrees;
  G := Group(List(task.generators, PermList), ());
  start := Runtime();
  if task.kind = "irreps" then
    degrees := List(IrreducibleRepresentations(G), r -> Length(One(G) ^ r));
  else
    degrees := List(Irr(G), chi -> chi[1]);
  fi;
  start := Runtime() - start;
  Sort(degrees);
  Print(task.name, "|", task.kind, "|", start, "|", degrees, "\n");
end;;

for task in tasks do Timed(task); od;
QUIT;
