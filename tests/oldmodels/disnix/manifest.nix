# Stands for the file that Disnix has in its data directory: instead of a
# manifest it builds what Disnix would install on the only target, the packages
# of all services.
{
  generateManifestFromArchitectureFun = { pkgs, clientInterface, architectureFun, targetProperty, deployState }:
    let
      architecture = architectureFun {
        inherit pkgs;
        system = builtins.currentSystem;
      };
      services = builtins.attrValues architecture.services;
      # All that the manifest would mention has to evaluate.
      mentioned = map (service: map (other: other.name) (builtins.attrValues service.activatesAfter)) services;
    in
    builtins.deepSeq mentioned (pkgs.buildEnv {
      name = "localhost";
      paths = map (service: service.pkg) services;
    });
}
