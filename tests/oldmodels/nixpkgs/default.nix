# hostpkgs, and in place of the programs that the old framework's own models
# name, placeholders: what is asked is whether models evaluate, and what their
# profiles say, not whether the programs run. So the answer does not depend on
# what this machine has installed.
{ system ? builtins.currentSystem, ... }@args:

let
  host = import ../../../nixproc/hostpkgs args;

  placeholder = name: contents:
    let
      self = host.stdenv.mkDerivation {
        inherit name;
        configureFlags = [ ];
        buildCommand = ''
          mkdir -p $out/bin
          cd $out
          ${contents}
        '';
        passthru = {
          bin = self;
          dev = self;
          all = [ self ];
          override = _: self;
          webapps = self;
          phpIni = "${self}/etc/php.ini";
        };
      };
    in
    self;

  program = name: contents: "printf '#!/bin/sh\\n%s\\n' ${host.lib.escapeShellArg contents} >bin/${name}; chmod +x bin/${name}";

  # What their builds read or run.
  contents = {
    apacheHttpd = program "htpasswd" ''echo "$3:secret" >"$2"'';
    php = "mkdir etc; touch etc/php.ini";
    tomcat9 = "mkdir conf lib; echo '<Service name=\"Catalina\">' >conf/server.xml; echo shared.loader= >conf/catalina.properties";
  };

  programs = host.lib.genAttrs [
    "DisnixWebService" "apacheHttpd" "daemon" "dbus" "dbus_java" "disnix" "docker" "dysnomia" "execline" "fcron"
    "findutils" "glibc" "hydra-unstable" "influxdb" "jre8" "kmod" "libmatthew_java" "libmicrohttpd" "mongodb" "mysql"
    "mysql_jdbc" "nginx" "nix" "openssh" "php" "postgresql" "s6" "s6-rc" "shadow" "su" "subversion" "sysvinit"
    "tomcat9" "util-linux" "utillinux" "vsftpd" "xinetd"
  ] (name: placeholder name (contents.${name} or ""));
in
host // programs // {
  python3Packages.supervisor = placeholder "supervisor" "";

  # An image says what it was asked to be.
  dockerTools = {
    shadowSetup = "";
    buildImage = { name, ... }@image:
      host.writeTextFile { name = "docker-image-${name}.tar.gz"; text = builtins.toJSON image; };
  };
}
