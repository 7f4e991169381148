# The type by which Dysnomia knows the packages of a process manager.

{ processManager }:

if processManager == null then "managed-process"
else
  {
    sysvinit = "sysvinit-script";
    systemd = "systemd-unit";
    supervisord = "supervisord-program";
    bsdrc = "bsdrc-script";
    cygrunsrv = "cygrunsrv-service";
    launchd = "launchd-daemon";
    disnix = "process";
    docker = "docker-container";
    s6-rc = "s6-rc-service";
  }.${processManager} or (throw "Unknown process manager: ${processManager}")
