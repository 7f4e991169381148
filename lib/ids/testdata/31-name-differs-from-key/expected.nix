{
  "ids" = {
    "ports" = {
      "a" = 10;
      "b" = 11;
    };
  };
  "lastAssignments" = {
    "ports" = 11;
  };
}