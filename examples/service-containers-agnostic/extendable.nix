# supervisord as a service of Disnix, and as a container for services of the type
# supervisord-program: the package tells Dysnomia where its programs go.
{ supervisordConstructorFun, stdenv, dysnomia, libDir }:

{ instanceSuffix ? ""
, instanceName ? "supervisord${instanceSuffix}"
, containerName ? "supervisord-program${instanceSuffix}"
, inetHTTPServerPort ? 9001
, type
  # More attributes of the service.
, properties ? {}
}:

let
  supervisordTargetDir = "${libDir}/${instanceName}/conf.d";
in
{
  name = instanceName;
  inherit type supervisordTargetDir;
  providesContainer = containerName;

  pkg = supervisordConstructorFun {
    inherit instanceName inetHTTPServerPort;
    postInstall = ''
      mkdir -p $out/etc/dysnomia/containers $out/libexec/dysnomia
      printf 'supervisordTargetDir="%s"\n' '${supervisordTargetDir}' >$out/etc/dysnomia/containers/${containerName}
      ln -s ${dysnomia}/libexec/dysnomia/supervisord-program $out/libexec/dysnomia/
    '';
  };
} // properties
