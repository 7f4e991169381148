# What a web application has in common in all of its modes: each instance runs
# as a user of its own name.
{ instanceName }:

{
  description = "Web application ${instanceName}";
  inherit instanceName;

  user = instanceName;
  credentials = {
    groups.${instanceName} = {};
    users.${instanceName} = {
      group = instanceName;
      description = "User of ${instanceName}";
    };
  };

  overrides.sysvinit.runlevels = [ 3 4 5 ];
}
