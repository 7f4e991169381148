{
  "ids" = {
    "webPorts" = {
      "web" = 8080;
    };
  };
  "lastAssignments" = {
    "webPorts" = 8080;
  };
}
