# A module of NixOS: the user of the unprivileged profile.
{
  users.users.unprivileged = {
    isNormalUser = true;
    uid = 1000;
    group = "users";
    description = "User without privileges";
    home = "/home/unprivileged";
    createHome = true;
  };
}
