{
  "ids" = {
    "ports" = {
      "a" = 5000;
      "b" = 5001;
    };
  };
  "lastAssignments" = {
    "ports" = 5001;
  };
}