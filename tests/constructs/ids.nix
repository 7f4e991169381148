{
  ids = {
    ports.server = 5000;
    uids.server = 2000;
    gids.server = 2001;
  };
  lastAssignments = {
    ports = 5000;
    uids = 2000;
    gids = 2001;
  };
}
